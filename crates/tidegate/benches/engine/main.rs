//! What one run costs, beside what the same call costs with nothing around it.
//!
//! `./scripts/bench engine` runs this a few times in turn and compares medians.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up should fail"
)]

mod cpu_time;
mod subject;

use cpu_time::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// How many at once.
const CROWDS: [usize; 2] = [1, 1_000];

fn engine(criterion: &mut Criterion<CpuTime>) {
    let runtime = subject::runtime();
    let transport = subject::transport();
    let executor = runtime.block_on(async { subject::executor() });
    for crowd in CROWDS {
        let mut group = criterion.benchmark_group(crowd.to_string());
        group.throughput(Throughput::Elements(crowd as u64));
        group.bench_function("run", |bencher| {
            bencher.iter(|| runtime.block_on(subject::runs(&executor, crowd)));
        });
        group.bench_function("call", |bencher| {
            bencher.iter(|| runtime.block_on(subject::calls(&transport, crowd)));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = engine
}
criterion_main!(benches);
