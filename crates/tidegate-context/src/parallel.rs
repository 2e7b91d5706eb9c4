//! The same work for many things, on all processors.
//!
//! Reading, searching and counting know nothing of their neighbours, and a pack has thousands of files. The threads
//! live no longer than the call, so there is no pool to size, to share or to shut down. Where no thread can be had,
//! the caller's own does all of it.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this fight over the disk and the memory bus rather than gain.
const MOST_THREADS: usize = 16;

/// The most pieces of work that a thread takes at once. Neighbours mostly lie in one directory, and what a thread has
/// learned of that is of use for the next; more would leave the others waiting for the last.
const MOST_AT_ONCE: usize = 16;

/// `work` for every number below `count`, in the order of the numbers. Each thread has a `scratch` of its own, and takes
/// several numbers in a row; fewer than `worth_a_thread` pieces of work for a thread do not start it.
pub(crate) fn each<S, T: Send>(
    count: usize,
    worth_a_thread: usize,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
) -> Vec<T> {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors
        .min(MOST_THREADS)
        .min(count / worth_a_thread.max(1));
    let at_once = (count / (threads.max(1) * MOST_AT_ONCE)).clamp(1, MOST_AT_ONCE);
    let next = AtomicUsize::new(0);
    let share = || {
        let mut scratch = scratch();
        let mut done = Vec::with_capacity(count / threads.max(1) + at_once);
        loop {
            let first = next.fetch_add(at_once, Ordering::Relaxed);
            if first >= count {
                return done;
            }
            let numbers = first..count.min(first + at_once);
            done.extend(numbers.map(|number| (number, work(&mut scratch, number))));
        }
    };
    if threads < 2 {
        return share().into_iter().map(|(_, result)| result).collect();
    }
    let mut all = thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads)
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, share).ok())
            .collect();
        let mut all = share();
        for helper in helpers {
            match helper.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn results_come_in_the_order_of_the_numbers() {
        let squares = each(1000, 1, || (), |(), number| number * number);
        assert!(
            squares
                .iter()
                .enumerate()
                .all(|(number, square)| *square == number * number)
        );
        assert_eq!(squares.len(), 1000);
    }

    #[test]
    fn no_work_is_no_result() {
        assert_eq!(each(0, 1, || (), |(), number| number), Vec::<usize>::new());
    }
}
