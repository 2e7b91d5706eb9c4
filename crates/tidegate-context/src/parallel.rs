//! The same work for many things, on all processors.
//!
//! Reading, searching and counting know nothing of their neighbours, and a pack has thousands of files. The threads
//! live no longer than the call, so there is no pool to size, to share or to shut down. Where no thread can be had,
//! the caller's own does all of it.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
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

/// `make` for every number below `count` on all processors, each into a thread's own `room`, and `put` with each room in the
/// order of the numbers. As soon as one of them fails, nothing more is put, and that is the result.
pub(crate) fn in_turn<R: Default, E: Send>(
    count: usize,
    make: impl Fn(&mut R, usize) -> Result<(), E> + Sync,
    put: impl FnMut(&mut R) -> Result<(), E> + Send,
) -> Result<(), E> {
    let turns = Turns {
        state: Mutex::new(State {
            turn: 0,
            failed: None,
            put,
        }),
        next: Condvar::new(),
    };
    let numbers = AtomicUsize::new(0);
    let share = || {
        let mut room = R::default();
        loop {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            if number >= count || !turns.take(number, &mut room, &make) {
                return;
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(MOST_THREADS).min(count);
    thread::scope(|scope| {
        for _ in 1..threads {
            let _ = thread::Builder::new().spawn_scoped(scope, share);
        }
        share();
    });
    let state = turns.state.into_inner();
    let failed = state.unwrap_or_else(PoisonError::into_inner).failed;
    failed.map_or(Ok(()), Err)
}

/// Whose turn it is to put.
struct Turns<P, E> {
    state: Mutex<State<P, E>>,
    next: Condvar,
}

struct State<P, E> {
    turn: usize,
    failed: Option<E>,
    put: P,
}

impl<P, E> Turns<P, E> {
    /// Makes, waits for its turn, and puts. Whether there may be more to do.
    fn take<R>(
        &self,
        number: usize,
        room: &mut R,
        make: impl Fn(&mut R, usize) -> Result<(), E>,
    ) -> bool
    where
        P: FnMut(&mut R) -> Result<(), E>,
    {
        let result = make(room, number);
        let mut state = self.wait_for(number);
        if state.failed.is_none() {
            state.failed = result.and_then(|()| (state.put)(room)).err();
        }
        state.turn += 1;
        self.next.notify_all();
        state.failed.is_none()
    }

    fn wait_for(&self, number: usize) -> MutexGuard<'_, State<P, E>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let not_yet = |state: &mut State<P, E>| state.turn != number && state.failed.is_none();
        let state = self.next.wait_while(state, not_yet);
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{each, in_turn};

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

    #[test]
    fn what_is_made_is_put_in_the_order_of_the_numbers() {
        let mut put = Vec::new();
        let make = |room: &mut usize, number: usize| {
            *room = number * 2;
            Ok::<_, ()>(())
        };
        let all = in_turn(1000, make, |room| {
            put.push(*room);
            Ok(())
        });
        assert_eq!(all, Ok(()));
        assert!(put.into_iter().eq((0..1000).map(|number| number * 2)));
    }

    #[test]
    fn nothing_is_put_after_a_failure() {
        let make = |room: &mut usize, number: usize| {
            *room = number;
            if number == 40 { Err("made") } else { Ok(()) }
        };
        let mut put = 0;
        let failed = in_turn(1000, make, |_| {
            put += 1;
            Ok(())
        });
        assert_eq!((failed, put), (Err("made"), 40));
        let failed = in_turn(1000, make, |room| {
            put = *room;
            if *room == 7 { Err("put") } else { Ok(()) }
        });
        assert_eq!((failed, put), (Err("put"), 7));
    }
}
