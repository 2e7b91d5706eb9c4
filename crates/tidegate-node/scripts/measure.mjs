// Measures the native door against a simulator: node --expose-gc scripts/measure.mjs URL ROUNDS
// Prints one JSON object. `./scripts/bench node` runs it and judges.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { Executor } from '../dist/index.js';

const [url, rounds] = [process.argv[2], Number(process.argv[3])];
const RUNS = 1_000;
const MEGABYTE = 'x'.repeat(1_048_576);

const executor = new Executor({
  config: {
    providers: {
      sim: { type: 'openai-compatible', base_url: `${url}/v1`, api_key: 'k' },
      count: { type: 'command', argv: ['wc', '-c'], prompt: 'stdin' },
    },
    endpoints: { native: { provider: 'sim', model: 'm' }, command: { provider: 'count', model: 'm' } },
  },
});

const ms = (nanoseconds) => Math.round(nanoseconds / 1e3) / 1e3;

/** How late the event loop was while `work` went on. */
async function delays(work) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  const started = performance.now();
  await work();
  const took = performance.now() - started;
  histogram.disable();
  return {
    took_ms: Math.round(took),
    p50_ms: ms(histogram.percentile(50)),
    p99_ms: ms(histogram.percentile(99)),
    max_ms: ms(histogram.max),
    samples: histogram.count,
  };
}

async function burst() {
  const runs = Array.from({ length: RUNS }, (_, n) => executor.run({ endpoint: 'native', prompt: `say ${n}` }));
  const answers = await Promise.all(runs);
  if (answers.length !== RUNS || answers.some(({ text }) => text === '')) throw new Error('an answer is missing');
}

async function memory() {
  // Connections that wait for a next request are closed by then.
  for (let n = 0; n < 3; n += 1) {
    globalThis.gc();
    await sleep(100);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const mb = (bytes) => Math.round((bytes / 1_048_576) * 10) / 10;
  return { rss_mb: mb(rss), heap_mb: mb(heapUsed), external_mb: mb(external) };
}

async function large(endpoint) {
  const expected = endpoint === 'command' ? '1048576' : '';
  const times = [];
  const lateness = await delays(async () => {
    for (let n = 0; n < rounds; n += 1) {
      const started = performance.now();
      const { text } = await executor.run({ endpoint, prompt: MEGABYTE });
      times.push(performance.now() - started);
      if (!text.includes(expected)) throw new Error(`${endpoint}: ${text.slice(0, 80)}`);
    }
  });
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  return { median_ms: Math.round(median * 10) / 10, loop_p99_ms: lateness.p99_ms, loop_max_ms: lateness.max_ms };
}

const start = await memory();
await burst();
const warm = await memory();
// The idle loop before and after, for as long as the bursts take: the machine is not the same all the time.
const probe = await delays(burst);
const idle = [await delays(() => sleep(probe.took_ms * rounds))];
const busy = await delays(async () => {
  for (let n = 0; n < rounds; n += 1) await burst();
});
idle.push(await delays(() => sleep(busy.took_ms)));
const after = await memory();
const prompts = { native: await large('native'), stdin: await large('command') };
console.log(JSON.stringify({ runs: RUNS, rounds, idle, busy, memory: { start, warm, after }, prompts }));
