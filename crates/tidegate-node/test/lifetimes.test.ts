/** What keeps a process alive and what does not; threads; executors that nobody holds. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { Executor } from 'tidegate';

import { claim } from './claims.ts';
import { config, simulator } from './simulator.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A program of its own: what it printed, and its exit code. */
async function program(source: string): Promise<{ printed: string; code: number | null }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { printed: printed.trim(), code };
}

const made = (url: string) =>
  `import { Executor } from 'tidegate'; const executor = new Executor({ config: ${JSON.stringify(config(url))} });`;

claim('a run that is under way keeps the process alive, an executor that is idle does not', async () => {
  const running = await simulator('ok=late,delay=200ms');
  try {
    const { printed, code } = await program(
      `${made(running.url)} executor.events(); executor.run({ endpoint: 'e', prompt: 'hi' }).then(({ text }) => console.log(text));`,
    );
    assert.deepEqual({ printed, code }, { printed: 'late', code: 0 });
  } finally {
    running.stop();
  }
});

claim('a process that ends with runs under way ends at once and well', async () => {
  const running = await simulator('hang,times=50');
  try {
    const { code } = await program(
      `${made(running.url)} for (let n = 0; n < 50; n += 1) executor.run({ endpoint: 'e', prompt: 'hi' }).catch(() => {}); setTimeout(() => process.exit(7), 50);`,
    );
    assert.equal(code, 7);
  } finally {
    running.stop();
  }
});

claim('the drop-in keeps the process alive while it waits for a retry, with nothing else to do so', async () => {
  const { printed, code } = await program(`
    import { createRequire } from 'node:module';
    import { EventEmitter } from 'node:events';
    import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
    const home = process.env.CCW_DATA_DIR = mkdtempSync('/tmp/tidegate-node-');
    mkdirSync(home + '/config');
    writeFileSync(home + '/config/litellm-api-config.json', JSON.stringify({
      providers: [{ id: 'p', name: 'P', type: 'openai', apiKey: 'sk-1' }], endpoints: [{ id: 'e', providerId: 'p', model: 'm' }] }));
    let left = 1;
    createRequire(import.meta.url)('child_process').spawn = () => {
      const child = Object.assign(new EventEmitter(), { stdout: new EventEmitter(), stderr: new EventEmitter(), kill() {} });
      queueMicrotask(() => {
        if (left-- > 0) child.stderr.emit('data', 'HTTP 503'); else child.stdout.emit('data', 'back');
        child.emit('close', left >= 0 ? 1 : 0);
      });
      return child;
    };
    const { executeLiteLLMEndpoint } = await import('tidegate/tools/litellm-executor');
    executeLiteLLMEndpoint({ prompt: 'hi', endpointId: 'e', baseDir: home, maxRetries: 1, retryBaseDelayMs: 150 })
      .then(({ output }) => console.log(output));
  `);
  assert.deepEqual({ printed, code }, { printed: 'back', code: 0 });
});

const THREAD = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { Executor } = require('tidegate');
  const executor = new Executor({ config: workerData });
  executor.run({ endpoint: 'e', prompt: 'hi' }).then(({ text }) => parentPort.postMessage(text));
`;

claim('worker threads run side by side', async () => {
  const running = await simulator('', '--otherwise', 'ok=from a thread');
  try {
    const threads = Array.from({ length: 4 }, () => new Worker(THREAD, { eval: true, workerData: config(running.url) }));
    const said = await Promise.all(threads.map(async (thread) => (await once(thread, 'message'))[0] as string));
    assert.deepEqual(said, Array(4).fill('from a thread'));
    await Promise.all(threads.map((thread) => thread.terminate()));
  } finally {
    running.stop();
  }
});

claim('a thread that is ended with runs under way harms nobody', async () => {
  const running = await simulator('hang,times=8', '--otherwise', 'ok=still here');
  try {
    const threads = Array.from({ length: 8 }, () => new Worker(THREAD, { eval: true, workerData: config(running.url) }));
    await Promise.all(threads.map((thread) => once(thread, 'online')));
    while ((await running.stats()).requests < 8);
    await Promise.all(threads.map((thread) => thread.terminate()));
    const executor = new Executor({ config: config(running.url) });
    assert.equal((await executor.run({ endpoint: 'e', prompt: 'hi' })).text, 'still here');
  } finally {
    running.stop();
  }
});

claim('a run is not lost with the last reference to its executor', async () => {
  const running = await simulator('ok=kept,delay=100ms');
  try {
    const run = new Executor({ config: config(running.url) }).run({ endpoint: 'e', prompt: 'hi' });
    (globalThis as { gc?: () => void }).gc?.();
    assert.equal((await run).text, 'kept');
  } finally {
    running.stop();
  }
});

/** The threads that drive the engine, as Linux tells them. */
function drivers(): string[] {
  const name = (thread: string): string => {
    try {
      return readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
    } catch {
      return ''; // It has ended since.
    }
  };
  return readdirSync('/proc/self/task').filter((thread) => name(thread) === 'tidegate');
}

claim('when many runs at a time have come and gone another thread drives the engine, alone, and runs go on', async () => {
  if (process.platform !== 'linux') return;
  const running = await simulator();
  try {
    const executor = new Executor({ config: config(running.url) });
    const run = () => executor.run({ endpoint: 'e', prompt: 'hi' });
    await Promise.all(Array.from({ length: 64 }, run));
    const before = drivers();
    assert.equal(before.length, 1);
    let now = before;
    while (now.length !== 1 || now[0] === before[0]) {
      await sleep(5);
      now = drivers();
    }
    assert.notEqual((await run()).text, '');
  } finally {
    running.stop();
  }
});
