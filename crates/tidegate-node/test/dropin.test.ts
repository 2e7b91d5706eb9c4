/** The drop-in, with real children. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { executeLiteLLMEndpoint, extractPatterns } from 'tidegate/tools/litellm-executor';

import { claim } from './claims.ts';
import { atHome, ear } from './dropin.ts';
import { simulator } from './simulator.ts';

const LAST = 'for last; do :; done';

claim('the prompt is the last argument and the answer is what was printed, trimmed', () =>
  atHome(async (home) => {
    const result = await home.call(`${LAST}; echo "  $1 $2 $3 $4 $5 | $last  "`, { prompt: 'say hi' });
    const { output, ...rest } = result;
    assert.equal(output, '-m ccw_litellm.cli chat --model gpt-4o | say hi');
    assert.deepEqual(rest, { success: true, model: 'gpt-4o', provider: 'openai', cacheUsed: false, cachedFiles: [] });
  }));

claim('a prompt that begins with a dash is told from an option', () =>
  atHome(async (home) => {
    const { output } = await home.call('shift 5; echo "$*"', { prompt: '-v means what?' });
    assert.equal(output, '-- -v means what?');
  }));

claim('another model than the endpoint\'s can be asked', () =>
  atHome(async (home) => {
    const result = await home.call('echo "$5"', { model: 'o3' });
    assert.deepEqual([result.output, result.model], ['o3', 'o3']);
  }));

claim('key and base URL reach the child through its environment, never an argument', () =>
  atHome(async (home) => {
    home.write({ e: { apiKey: 'sk-from-the-file', apiBase: 'http://localhost:9/v1' } });
    const { output } = await home.call('echo "$OPENAI_API_KEY $OPENAI_API_BASE / $*"');
    assert.equal(output, 'sk-from-the-file http://localhost:9/v1 / -m ccw_litellm.cli chat --model gpt-4o hi');
  }));

claim('concurrent calls with different keys never mix, and the caller\'s environment stays as it is', () =>
  atHome(async (home) => {
    const keys = Array.from({ length: 12 }, (_, n) => `sk-number-${n}`);
    home.write(Object.fromEntries(keys.map((apiKey) => [apiKey, { apiKey }])));
    const before = process.env['OPENAI_API_KEY'];
    const calls = keys.map((endpointId) => home.call('sleep 0.0$(($$ % 10)); echo "$OPENAI_API_KEY"', { endpointId }));
    const results = await Promise.all(calls);
    assert.deepEqual(results.map(({ output }) => output), keys);
    assert.equal(process.env['OPENAI_API_KEY'], before);
  }));

claim('what is missing is said in the words callers look for', () =>
  atHome(async (home) => {
    const nowhere = await home.call('echo no', { endpointId: 'x' });
    const nothing = { success: false, output: '', model: '', provider: '', cacheUsed: false };
    assert.deepEqual(nowhere, { ...nothing, error: 'Endpoint not found: x' });
    home.write({ e: { apiKey: '' }, f: { apiKey: '${NOT_SET_ANYWHERE}' } });
    const keyless = await home.call('echo no');
    assert.deepEqual(keyless, { ...nothing, model: 'gpt-4o', provider: 'openai', error: 'API key not configured for provider: Provider e' });
    const unset = await home.call('echo no', { endpointId: 'f' });
    assert.equal(unset.error, 'API key not configured for provider: Provider f');
    const file = join(home.path, 'config', 'litellm-api-config.json');
    writeFileSync(file, JSON.stringify({ providers: [], endpoints: [{ id: 'e', providerId: 'gone', model: 'm' }] }));
    assert.deepEqual(await home.call('echo no'), { ...nothing, error: 'Provider not found: gone' });
    writeFileSync(file, '{ "providers": [');
    assert.match((await home.call('echo no')).error ?? '', /ends too early/);
  }));

claim('without a configuration there is no endpoint', () =>
  atHome(async (home) => {
    process.env['CCW_DATA_DIR'] = join(home.path, 'nowhere');
    assert.equal((await home.call('echo no')).error, 'Endpoint not found: e');
  }));

claim('the child\'s own words are the error, whole and unwrapped, but for the key', () =>
  atHome(async (home) => {
    const said = await home.call('echo "Traceback:\n  line 1\nHTTP 401 for sk-test-1234" >&2; exit 1', { maxRetries: 3 });
    assert.equal(said.error, 'Traceback:\n  line 1\nHTTP 401 for [redacted]');
    const silent = await home.call('exit 3');
    assert.equal(silent.error, 'Process exited with code 3');
  }));

claim('a Python that is not there is said, and not tried again', () =>
  atHome(async () => {
    const { lines, onOutput } = ear();
    const options = { prompt: 'hi', endpointId: 'e', baseDir: '/', python: '/nowhere/python', maxRetries: 3, onOutput };
    const result = await executeLiteLLMEndpoint(options);
    assert.equal(result.error, 'Failed to spawn Python process: spawn /nowhere/python ENOENT');
    assert.deepEqual(lines, [
      'stderr: [LiteLLM: Calling openai/gpt-4o]\n',
      'stderr: [LiteLLM error: Failed to spawn Python process: spawn /nowhere/python ENOENT]\n',
    ]);
  }));

claim('lines tell of the call, of each retry and of the answer', () =>
  atHome(async (home) => {
    const { lines, onOutput } = ear();
    const count = join(home.path, 'count');
    const script = `echo x >> ${count}; [ $(wc -l < ${count}) -gt 2 ] && echo done && exit 0; echo "HTTP 503 Service Unavailable" >&2; exit 1`;
    const result = await home.call(script, { maxRetries: 3, retryBaseDelayMs: 10, onOutput });
    assert.equal(result.output, 'done');
    assert.deepEqual(lines, [
      'stderr: [LiteLLM: Calling openai/gpt-4o]\n',
      'stderr: [LiteLLM retry 1/3: waiting 10ms] HTTP 503 Service Unavailable\n',
      'stderr: [LiteLLM retry 2/3: waiting 20ms] HTTP 503 Service Unavailable\n',
      'stdout: done',
    ]);
  }));

claim('a listener that throws, now or later, does not harm the call', () =>
  atHome(async (home) => {
    const now = () => {
      throw new Error('my own');
    };
    const later = async () => now();
    assert.equal((await home.call('echo fine', { onOutput: now })).output, 'fine');
    assert.equal((await home.call('echo fine', { onOutput: later })).output, 'fine');
  }));

claim('files that a prompt names stand before it, each under its name, a secret left out', () =>
  atHome(async (home) => {
    mkdirSync(join(home.project, 'src'));
    writeFileSync(join(home.project, 'src', 'a.ts'), 'let a;\n');
    writeFileSync(join(home.project, 'src', 'b.ts'), 'let b;');
    writeFileSync(join(home.project, 'src', 'key.ts'), `const key = 'sk-${'q7Zk2WxN9bTf4LmR8vYc'}${'H3sJd6PgA1eUo5Ki0XwB7nQt'}';\n`);
    const { lines, onOutput } = ear();
    const result = await home.call(`${LAST}; printf %s "$last"`, {
      prompt: 'Explain @src/*.ts please', cwd: home.project, enableCache: true, onOutput,
    });
    assert.equal(result.output, '=== FILE: src/a.ts ===\nlet a;\n=== FILE: src/b.ts ===\nlet b;\n---\nExplain @src/*.ts please');
    assert.equal(result.cacheUsed, true);
    assert.deepEqual(result.cachedFiles, ['src/a.ts', 'src/b.ts']);
    assert.deepEqual(lines.slice(0, 4), [
      'stderr: [Context cache: Found 1 @patterns]\n',
      'stderr: [Context cache warning: src/key.ts left out: an API key in line 1]\n',
      'stderr: [Context cache: Packed 2 files, 13 bytes]\n',
      'stderr: [Context cache: Applied to prompt]\n',
    ]);
  }));

claim('files are looked up in `cwd`, then in `includeDirs`, then in `baseDir`', () =>
  atHome(async (home) => {
    const places = ['here', 'beside', 'project'].map((name) => join(home.path, name));
    for (const [nth, place] of places.entries()) {
      mkdirSync(place, { recursive: true });
      for (const name of ['one', 'two', 'three'].slice(0, nth + 1)) writeFileSync(join(place, `${name}.md`), `${name} of ${nth}\n`);
    }
    const [cwd, ...includeDirs] = places.slice(0, 2) as [string, string];
    const { output } = await home.call(`${LAST}; printf %s "$last"`, {
      prompt: 'Read @one.md @two.md @three.md', cwd, includeDirs, baseDir: places[2]!, enableCache: true,
    });
    for (const found of ['one of 0', 'two of 1', 'three of 2']) assert.ok(output.includes(found), output);
  }));

claim('an answer without end is stopped, and of a long complaint the end is kept, which says what is wrong', () =>
  atHome(async (home) => {
    const endless = await home.call('yes');
    assert.equal(endless.error, 'the answer is larger than 67108864 bytes');
    const complaint = (await home.call('yes | head -c 3000000 >&2; echo "HTTP 503 Service Unavailable" >&2; exit 1')).error ?? '';
    assert.ok(complaint.endsWith('\nHTTP 503 Service Unavailable'), complaint.slice(-50));
    assert.ok(complaint.length < 1_200_000, String(complaint.length));
  }));

claim('an endpoint\'s own caching is obeyed unless the call says otherwise', () =>
  atHome(async (home) => {
    home.write({ e: { apiKey: 'sk-test-1234', cache: true } });
    writeFileSync(join(home.project, 'a.md'), 'A\n');
    const options = { prompt: 'Read @a.md', cwd: home.project };
    assert.equal((await home.call('echo ok', options)).cacheUsed, true);
    assert.equal((await home.call('echo ok', { ...options, enableCache: false })).cacheUsed, false);
  }));

claim('files that cannot be packed are a warning, and the call goes on', () =>
  atHome(async (home) => {
    const { lines, onOutput } = ear();
    const result = await home.call(`${LAST}; echo "$last"`, {
      prompt: 'Read @none/**/*.md', cwd: home.project, enableCache: true, onOutput,
    });
    assert.equal(result.output, 'Read @none/**/*.md');
    assert.equal(result.cacheUsed, false);
    assert.ok(lines.some((line) => line.startsWith('stderr: [Context cache warning: @none/**/*.md matches no file')), lines.join(''));
  }));

claim('a prompt that no argument holds fails before anything is started, and names the way out', () =>
  atHome(async (home) => {
    const started = join(home.path, 'started');
    const result = await home.call(`touch ${started}`, { prompt: 'x'.repeat(131_072), maxRetries: 2 });
    assert.equal(result.success, false);
    assert.match(result.error ?? '', /131072 bytes.*TIDEGATE_TRANSPORT=http/);
    assert.equal(existsSync(started), false);
    assert.equal((await home.call('echo fits', { prompt: 'x'.repeat(131_071) })).output, 'fits');
  }));

claim('an attempt that hangs is ended with its descendants, settles at once and is tried again', () =>
  atHome(async (home) => {
    const original = globalThis.setTimeout;
    const log = join(home.path, 'log');
    const told = (word: string) => (existsSync(log) ? readFileSync(log, 'utf8').split(word).length - 1 : 0);
    let attempts = 0;
    const graces: NodeJS.Timeout[] = [];
    globalThis.setTimeout = ((run: () => void, delay: number, ...rest: []) => {
      if (delay !== 240_000) {
        const timer = original(run, delay, ...rest);
        if (delay === 5_000) graces.push(timer);
        return timer;
      }
      attempts += 1;
      // Its time is up once both of its processes hear signals: before, SIGTERM would end them unheard.
      const due = 2 * attempts;
      const look = (): unknown => (told('ready') < due ? original(look, 5) : run());
      return original(look, 5);
    }) as typeof setTimeout;
    try {
      const grandchild = `trap "echo ended >> ${log}; exit" TERM; echo ready >> ${log}; while :; do sleep 0.02; done`;
      const script = `sh -c '${grandchild}' & trap "" TERM; echo ready >> ${log}; wait; wait; sleep 60`;
      const result = await home.call(script, { maxRetries: 1, retryBaseDelayMs: 1 });
      assert.equal(result.error, 'Command timed out after 240000ms');
      assert.equal(attempts, 2);
      assert.deepEqual(graces.map((timer) => timer.hasRef()), [false, false], 'the SIGKILL that may follow keeps nothing alive');
      while (told('ended') < 2) await new Promise((next) => original(next, 5));
    } finally {
      globalThis.setTimeout = original;
    }
  }));

claim('`transport: "http"` and TIDEGATE_TRANSPORT=http send natively', () =>
  atHome(async (home) => {
    const running = await simulator('503; ok=native; ok=by variable; 401');
    try {
      home.write({ e: { apiKey: 'sk-test-1234', apiBase: `${running.url}/v1` } });
      const prompt = 'x'.repeat(200_000);
      const native = await home.call('echo python', { transport: 'http', maxRetries: 1, retryBaseDelayMs: 1, prompt });
      assert.deepEqual([native.output, native.provider, native.success], ['native', 'openai', true]);
      process.env['TIDEGATE_TRANSPORT'] = 'http';
      assert.equal((await home.call('echo python')).output, 'by variable');
      const refused = await home.call('echo python', { maxRetries: 3 });
      assert.match(refused.error ?? '', /HTTP 401/);
    } finally {
      delete process.env['TIDEGATE_TRANSPORT'];
      running.stop();
    }
  }));

claim('a spawn that throws is an attempt that failed', () =>
  atHome(async (home) => {
    const childProcess = createRequire(import.meta.url)('child_process') as typeof import('node:child_process');
    const { spawn } = childProcess;
    let calls = 0;
    childProcess.spawn = ((...args: Parameters<typeof spawn>) => {
      calls += 1;
      if (calls === 1) throw new Error('no room');
      return spawn(...args);
    }) as typeof spawn;
    try {
      assert.equal((await home.call('echo second', { maxRetries: 1, retryBaseDelayMs: 1 })).output, 'second');
      assert.equal(calls, 2);
    } finally {
      childProcess.spawn = spawn;
    }
  }));

claim('calls that were limited together return one backoff apart, also when JavaScript was busy when they were due', () =>
  atHome(async (home) => {
    const childProcess = createRequire(import.meta.url)('child_process') as typeof import('node:child_process');
    const { spawn } = childProcess;
    const base = 50;
    const spawned: number[] = [];
    childProcess.spawn = (() => {
      const stream = () => new EventEmitter();
      const child = Object.assign(new EventEmitter(), { stdout: stream(), stderr: stream(), kill: () => true });
      const nth = spawned.push(performance.now());
      queueMicrotask(() => {
        if (nth <= 3) child.stderr.emit('data', 'HTTP 429 Too Many Requests');
        child.emit('close', nth <= 3 ? 1 : 0);
        // Until all three are due, as they were asked for.
        while (nth === 3 && performance.now() < spawned[2]! + 4 * base);
      });
      return child;
    }) as unknown as typeof spawn;
    try {
      const call = () => home.call('', { maxRetries: 1, retryBaseDelayMs: base });
      const results = await Promise.all([call(), call(), call()]);
      assert.deepEqual(results.map(({ success }) => success), [true, true, true]);
      const [, , , first, second, third] = spawned as [number, number, number, number, number, number];
      assert.ok(second - first >= base, `${second - first} ms`);
      assert.ok(third - second >= base, `${third - second} ms`);
    } finally {
      childProcess.spawn = spawn;
    }
  }));

claim('whatever replaces `spawn`, a call ends and the process goes on', () =>
  atHome(async (home) => {
    const childProcess = createRequire(import.meta.url)('child_process') as typeof import('node:child_process');
    const { spawn } = childProcess;
    const { setTimeout } = globalThis;
    const fake = (act: (child: EventEmitter & { stdout: EventEmitter; stderr: EventEmitter }) => void, rest: object = {}) => () => {
      const child = Object.assign(new EventEmitter(), { stdout: new EventEmitter(), stderr: new EventEmitter(), kill: () => true }, rest);
      queueMicrotask(() => act(child));
      return child;
    };
    const kill = () => {
      throw new Error('nobody there');
    };
    const fakes: [spawn: () => unknown, error: RegExp | undefined][] = [
      [() => undefined, /^Failed to spawn Python process: /],
      [() => ({}), /^Failed to spawn Python process: /],
      [fake(() => {}, { kill }), /^Command timed out after 240000ms$/],
      [fake(() => {}, { kill: undefined }), /^Command timed out after 240000ms$/],
      [fake((child) => child.emit('close', 'no number')), /^Process was ended by signal 0$/],
      [fake((child) => child.emit('close', null, 'SIGKILL')), /^Process was ended by signal 9$/],
      [fake((child) => (child.stdout.emit('error', new Error('EIO')), child.emit('close', 0))), undefined],
      [fake((child) => (child.stdout.emit('data', 5), child.emit('close', 0))), undefined],
      [fake((child) => (child.emit('close', 0), child.emit('error', new Error('late')), child.emit('close', 1))), undefined],
    ];
    globalThis.setTimeout = ((run: () => void, delay: number) => setTimeout(run, delay === 240_000 ? 1 : delay)) as typeof setTimeout;
    try {
      for (const [replaced, error] of fakes) {
        childProcess.spawn = replaced as typeof spawn;
        const result = await home.call('');
        if (error) assert.match(result.error ?? '', error);
        else assert.equal(result.success, true);
      }
    } finally {
      childProcess.spawn = spawn;
      globalThis.setTimeout = setTimeout;
    }
  }));

claim('a child that a signal ends is told by its number', () =>
  atHome(async (home) => {
    assert.equal((await home.call('kill -KILL $$')).error, 'Process was ended by signal 9');
  }));

claim('patterns are found as they stand in the prompt', () => {
  assert.deepEqual(extractPatterns('Review @src/**/*.ts and @CLAUDE.md, tell bob@example.com'), ['@src/**/*.ts', '@CLAUDE.md']);
  assert.deepEqual(extractPatterns('nothing here'), []);
});
