/** What keeps a process alive and what does not; threads; executors that nobody holds. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { Executor } from 'tidegate';

import { claim } from './claims.ts';
import { atHome } from './dropin.ts';
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

claim('a process that ends takes the children of its calls along', () =>
  atHome(async (home) => {
    const python = join(home.path, 'python');
    const group = join(home.path, 'group');
    writeFileSync(python, `#!/bin/sh\nsleep 600 &\necho $$ > ${group}.new; mv ${group}.new ${group}; wait\n`, { mode: 0o755 });
    const { code } = await program(`
      import { existsSync } from 'node:fs';
      import { executeLiteLLMEndpoint } from 'tidegate/tools/litellm-executor';
      executeLiteLLMEndpoint({ prompt: 'hi', endpointId: 'e', baseDir: '/', python: ${JSON.stringify(python)} });
      setInterval(() => existsSync(${JSON.stringify(group)}) && process.exit(3), 5);
    `);
    assert.equal(code, 3);
    const leader = Number(readFileSync(group, 'utf8'));
    const alive = () => {
      try {
        return process.kill(-leader, 0);
      } catch {
        return false;
      }
    };
    while (alive()) await sleep(5);
  }));

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

claim('what was refused keeps no process alive', async () => {
  const { printed, code } = await program(`
    import { Executor } from 'tidegate';
    import { executeLiteLLMEndpoint } from 'tidegate/tools/litellm-executor';
    const executor = new Executor({ env: {} });
    const wrong = [undefined, () => 1, { prompt: 'hi', signal: 5 }, { prompt: 'hi', toJSON: () => undefined }];
    for (const request of wrong) executor.run(request).catch(({ kind }) => console.log(kind));
    executeLiteLLMEndpoint({ toJSON: () => undefined }).then(({ success }) => console.log(success));
  `);
  assert.deepEqual({ printed, code }, { printed: 'options\noptions\noptions\noptions\nfalse', code: 0 });
});

claim('runs go on, and the process ends, where a test puts clocks of its own in place of Node\'s', async () => {
  const running = await simulator('', '--otherwise', 'ok=still');
  try {
    const { printed, code } = await program(`
      ${made(running.url)}
      import { mock } from 'node:test';
      const first = executor.run({ endpoint: 'e', prompt: 'hi' });
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'] });
      const runs = Array.from({ length: 300 }, () => executor.run({ endpoint: 'e', prompt: 'hi' }));
      await null;
      // Busy until there are more answers than are read in one turn.
      for (const until = performance.now() + 500; performance.now() < until; );
      await Promise.all([first, ...runs]);
      console.log('all');
    `);
    assert.deepEqual({ printed, code }, { printed: 'all', code: 0 });
  } finally {
    running.stop();
  }
});

claim('calls of a thread that has ended hold up nobody who was limited with them', () =>
  atHome(async (home) => {
    const python = join(home.path, 'python');
    const script = `[ -e ${home.path}/$6 ] && echo fine && exit; touch ${home.path}/$6; echo "HTTP 429" >&2; exit 1`;
    writeFileSync(python, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const options = { endpointId: 'e', baseDir: '/', python, maxRetries: 1, retryBaseDelayMs: 100 };
    const source = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { executeLiteLLMEndpoint } = require('tidegate/tools/litellm-executor');
      const onOutput = ({ content }) => content.includes('retry') && parentPort.postMessage('limited');
      for (const prompt of ['a', 'b', 'c']) executeLiteLLMEndpoint({ ...workerData, prompt, onOutput });
    `;
    const thread = new Worker(source, { eval: true, workerData: options });
    let limited = 0;
    await new Promise<void>((all) => thread.on('message', () => (limited += 1) === 3 && all()));
    await thread.terminate();
    const began = performance.now();
    const mine = await home.call(script, { ...options, prompt: 'mine' });
    assert.equal(mine.output, 'fine');
    // A slot that nobody takes lapses after two seconds: none was waited for.
    assert.ok(performance.now() - began < 1_500, `${performance.now() - began} ms`);
    assert.ok(existsSync(join(home.path, 'mine')));
  }));

claim('a package without its binary, or with one that is none, says so and what to do', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'tidegate-copy-'));
  try {
    for (const name of ['dist', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
    const source = `import(${JSON.stringify(join(copy, 'dist', 'index.js'))}).catch(({ message }) => console.log(message));`;
    assert.match((await program(source)).printed, /^tidegate has no binary for .*npm run build makes it.*nor the package @tidegate\//);
    mkdirSync(join(copy, 'native'));
    for (const name of readdirSync(join(root, 'native'))) writeFileSync(join(copy, 'native', name), 'none');
    assert.match((await program(source)).printed, /^tidegate's binary cannot be loaded, build or install it anew: .*\.node/);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

claim('two copies of the package in one thread share the engine', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'tidegate-copy-'));
  try {
    for (const name of ['dist', 'native', 'package.json']) cpSync(join(root, name), join(copy, name), { recursive: true });
    const source = `
      await import('tidegate');
      const { Executor } = await import(${JSON.stringify(join(copy, 'dist', 'index.js'))});
      new Executor({ env: {} });
      console.log(process.report.getReport().sharedObjects.filter((name) => name.endsWith('.node')).length);
    `;
    assert.equal((await program(source)).printed, '1');
  } finally {
    rmSync(copy, { recursive: true });
  }
});

claim('an iteration over events that was never left keeps no engine', async () => {
  const { printed } = await program(`
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    import { setImmediate as turn } from 'node:timers/promises';
    import { Executor } from 'tidegate';
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    const addon = globalThis[Symbol.for('tidegate.addon.1')];
    const { Engine } = addon;
    const engines = [];
    addon.Engine = function (...args) {
      const engine = new Engine(...args);
      engines.push(new WeakRef(engine));
      return engine;
    };
    for (let n = 0; n < 10; n += 1) new Executor({ env: {} }).events();
    for (let n = 0; n < 20; n += 1) { await turn(); gc(); }
    console.log(engines.length, engines.filter((engine) => engine.deref()).length);
  `);
  // The last one may still lie on the stack.
  assert.match(printed, /^10 [01]$/);
});
