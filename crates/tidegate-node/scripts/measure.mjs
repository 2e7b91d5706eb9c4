// Measures 1,000 requests at a time against a simulator: node --expose-gc scripts/measure.mjs delay|memory tidegate|fetch URL ROUNDS
// `fetch` is the control: the same requests by Node's own client, in a process of its own.
// Prints one JSON object. `./scripts/bench node` runs it and judges.

import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const [subject, client, url, rounds] = [process.argv[2], process.argv[3], process.argv[4], Number(process.argv[5])];
const RUNS = 1_000;
/** Until V8 has compiled what they run through: its own memory and that of its compilers comes with that, however few go on at a time. */
const WARM_UP = { runs: 2_000, at_a_time: 8 };
const MEGABYTE = 'x'.repeat(1_048_576);
/** Connections wait for a next request for 25 s, and are looked for that often. */
const IDLE_S = 60;

async function tidegate() {
  const { Executor } = await import('../dist/index.js');
  const executor = new Executor({
    config: {
      providers: {
        sim: { type: 'openai-compatible', base_url: `${url}/v1`, api_key: 'k' },
        count: { type: 'command', argv: ['wc', '-c'], prompt: 'stdin' },
      },
      endpoints: { native: { provider: 'sim', model: 'm' }, command: { provider: 'count', model: 'm' } },
    },
  });
  return (prompt, endpoint = 'native') => executor.run({ endpoint, prompt }).then(({ text }) => text);
}

async function plain(prompt) {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer k' };
  const body = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: prompt }] });
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body });
  return (await response.json()).choices[0].message.content;
}

const ask = client === 'tidegate' ? await tidegate() : plain;

const rounded = (number) => Math.round(number * 1e3) / 1e3;

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
    p50_ms: rounded(histogram.percentile(50) / 1e6),
    p99_ms: rounded(histogram.percentile(99) / 1e6),
    max_ms: rounded(histogram.max / 1e6),
    samples: histogram.count,
  };
}

/** What the caller's own turn of the loop takes that asks for all of them. */
const begun = [];

async function burst() {
  const started = performance.now();
  const runs = Array.from({ length: RUNS }, (_, n) => ask(`say ${n}`));
  begun.push(performance.now() - started);
  const answers = await Promise.all(runs);
  if (answers.length !== RUNS || answers.some((text) => text === '')) throw new Error('an answer is missing');
}

function resident() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { rss: kb('VmRSS') / 1024, files: kb('RssFile') / 1024 };
}

async function settled() {
  for (let n = 0; n < 3; n += 1) {
    globalThis.gc();
    await sleep(100);
  }
  const { heapTotal, heapUsed, external } = process.memoryUsage();
  const { rss, files } = resident();
  const mb = (bytes) => Math.round((bytes / 1_048_576) * 10) / 10;
  const tenth = (number) => Math.round(number * 10) / 10;
  return { rss_mb: tenth(rss), files_mb: tenth(files), heap_mb: mb(heapTotal), used_mb: mb(heapUsed), external_mb: mb(external) };
}

async function large(endpoint) {
  const times = [];
  const lateness = await delays(async () => {
    for (let n = 0; n < rounds; n += 1) {
      const started = performance.now();
      const text = await ask(MEGABYTE, endpoint);
      times.push(performance.now() - started);
      if (endpoint === 'command' && !text.includes('1048576')) throw new Error(`${endpoint}: ${text.slice(0, 80)}`);
    }
  });
  return { median_ms: median(times), loop_p99_ms: lateness.p99_ms, loop_max_ms: lateness.max_ms };
}

function median(numbers) {
  return rounded(numbers.toSorted((a, b) => a - b)[numbers.length >> 1]);
}

/** The event loop, from a process that has made one run. */
async function delay() {
  const before = await delays(() => sleep(rounds * 100));
  const busy = await delays(async () => {
    for (let n = 0; n < rounds; n += 1) await burst();
  });
  const idle = [before, await delays(() => sleep(busy.took_ms))];
  const prompts = client === 'tidegate' ? { native: await large('native'), stdin: await large('command') } : {};
  return { idle, busy, begin_ms: median(begun), prompts };
}

/** Resident memory: after one run, after as many as make a process warm, after the bursts, and when nothing is held any more. */
async function memory() {
  const one = await settled();
  for (let n = 0; n < WARM_UP.runs; n += WARM_UP.at_a_time) {
    await Promise.all(Array.from({ length: WARM_UP.at_a_time }, () => ask('warm up')));
  }
  const start = await settled();
  for (let n = 0; n < rounds; n += 1) await burst();
  const ended = performance.now();
  const then = await settled();
  // Nothing is asked of the engine meanwhile.
  await sleep(IDLE_S * 1_000 - (performance.now() - ended));
  return { one, start, then, after: await settled(), idle_s: IDLE_S, warm_up: WARM_UP };
}

await ask('one');
const found = await (subject === 'memory' ? memory() : delay());
console.log(JSON.stringify({ runs: RUNS, rounds, ...found }));
process.exit(0);
