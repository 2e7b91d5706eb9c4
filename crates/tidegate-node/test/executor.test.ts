/** The native door: answers, errors, vectors, events, options. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Executor, TidegateError, type Event, type Lost } from 'tidegate';

import { claim } from './claims.ts';
import { asking, config, simulator } from './simulator.ts';

const failed = async (run: Promise<unknown>): Promise<TidegateError> => {
  const error = await run.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof TidegateError, `no TidegateError: ${String(error)}`);
  return error;
};

claim('an answer comes with what it took to get it', () =>
  asking('503; 429; ok=Hello', async (executor) => {
    const answer = await executor.run({ endpoint: 'e', prompt: 'hi', maxRetries: 2, retryBaseDelay: 5 });
    assert.equal(answer.text, 'Hello');
    assert.equal(answer.finishReason, 'stop');
    assert.ok((answer.usage?.inputTokens ?? 0) > 0);
    const kinds = answer.attempts.map(({ failure }) => failure?.kind ?? 'none');
    assert.deepEqual(kinds, ['overloaded', 'rate_limited', 'none']);
    assert.deepEqual(answer.attempts[0]?.decision, { do: 'retry', afterMs: 5 });
  }));

claim('nothing is retried unless it was asked for', () =>
  asking('503; ok', async (executor, simulator) => {
    const error = await failed(executor.run({ endpoint: 'e', prompt: 'hi' }));
    assert.equal(error.gaveUp, 'attempts_exhausted');
    assert.equal(error.attempts, 1);
    assert.equal(error.status, 503);
    assert.equal((await simulator.stats()).requests, 1);
  }));

claim('a refused key is an error with kind, code and reason, and the key is not in it', () =>
  asking('401', async (executor) => {
    const error = await failed(executor.run({ endpoint: 'e', prompt: 'hi', maxRetries: 3 }));
    assert.equal(error.kind, 'auth_failed');
    assert.equal(error.code, 'ERR_TIDEGATE_CREDENTIALS');
    assert.equal(error.gaveUp, 'permanent');
    assert.equal(error.attempts, 1);
    assert.equal(error.tries.length, 1);
    assert.ok(!JSON.stringify({ ...error, message: error.message }).includes('sk-test-1234'));
  }));

claim('a run that ends before it begins has no reason for giving up', () =>
  asking('', async (executor) => {
    const error = await failed(executor.run({ endpoint: 'nowhere', prompt: 'hi' }));
    assert.equal(error.kind, 'config');
    assert.equal(error.gaveUp, null);
    assert.match(error.message, /unknown endpoint `nowhere`/);
  }));

claim('an option that is not understood is an error by name', () =>
  asking('', async (executor, simulator) => {
    const misspelt = { endpoint: 'e', prompt: 'hi', maxRetry: 3 } as { endpoint: string };
    const error = await failed(executor.run(misspelt));
    assert.equal(error.kind, 'options');
    assert.match(error.message, /maxRetry/);
    const late = await failed(executor.run({ endpoint: 'e', prompt: 'hi', timeout: 'soon' }));
    assert.match(late.message, /`timeout`/);
    assert.equal((await simulator.stats()).requests, 0);
  }));

claim('a conversation and what tools returned reach the provider', () =>
  asking('ok=fine', async (executor) => {
    const answer = await executor.run({
      endpoint: 'e',
      system: 'Be brief',
      messages: [
        { role: 'user', content: 'What is the weather?' },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'weather', arguments: '{}' }] },
        { role: 'user', parts: [{ type: 'tool_result', call: 'c1', parts: [{ type: 'text', text: 'rain' }], isError: false }] },
      ],
      tools: [{ name: 'weather', parameters: { type: 'object', properties: { postal_code: {} } } }],
      maxTokens: 50,
      temperature: 0,
    });
    assert.equal(answer.text, 'fine');
  }));

claim('runs that are asked for in one turn each get their own answer', async () => {
  const config = { providers: { echo: { type: 'command', argv: ['cat'], prompt: 'stdin' } }, endpoints: { e: { provider: 'echo', model: 'm' } } };
  const executor = new Executor({ config });
  const prompts = Array.from({ length: 40 }, (_, n) => (n === 20 ? `line\n${'x'.repeat(1_048_576)}` : `line\n${n} \u2028 "ü"`));
  const answers = await Promise.all(prompts.map((prompt) => executor.run({ endpoint: 'e', prompt })));
  assert.deepEqual(answers.map(({ text }) => text), prompts);
});

claim('a run that is stopped in the turn it was asked for is never sent', () =>
  asking('ok=Hello', async (executor, simulator) => {
    const controller = new AbortController();
    const runs = Array.from({ length: 20 }, () => executor.run({ endpoint: 'e', prompt: 'hi', signal: controller.signal }));
    controller.abort(new Error('my own'));
    for (const run of await Promise.allSettled(runs)) assert.equal(run.status, 'rejected');
    assert.equal((await executor.run({ endpoint: 'e', prompt: 'hi' })).text, 'Hello');
    assert.equal((await simulator.stats()).requests, 1);
  }));

claim('a signal stops a run with its own reason, before and after it began', () =>
  asking('hang', async (executor) => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const run = executor.run({ endpoint: 'e', prompt: 'hi', signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await assert.rejects(run, reason);
    await assert.rejects(executor.run({ endpoint: 'e', prompt: 'hi', signal: controller.signal }), reason);
  }));

claim('a signal stops a run that waits in the queue, and the next one is not held up by it', () =>
  asking('429,retry-after=1; ok', async (executor, simulator) => {
    const events = executor.events();
    const first = executor.run({ endpoint: 'e', prompt: 'hi' });
    for await (const event of events) if (event.type === 'attempt_failed') break;
    const later = executor.events();
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = executor.run({ endpoint: 'e', prompt: 'hi', signal: controller.signal });
    for await (const event of later) if (event.type === 'queued') break;
    controller.abort(reason);
    await assert.rejects(waiting, reason);
    assert.equal((await first).attempts.length, 2);
    await executor.run({ endpoint: 'e', prompt: 'hi' });
    assert.equal((await simulator.stats()).requests, 3);
  }));

claim('whoever is slow to hear loses the oldest events, is told how many, and costs nobody else any', () =>
  asking('', async () => {
    const config = { providers: { p: { type: 'openai', api_key: 'k' } }, endpoints: { e: { provider: 'p', model: 'm' } } };
    const executor = new Executor({ config, env: {} });
    const [slow, quick] = [executor.events(), executor.events()];
    let heard = 0;
    const hearing = (async () => {
      for await (const _ of quick) heard += 1;
    })();
    // Each is refused before it is sent and tells of its start and its end.
    const wrong = { endpoint: 'e', prompt: 'hi', messages: [{ role: 'user' as const, parts: [] }], context: { root: '/nowhere' } };
    for (let n = 0; n < 60; n += 1) await Promise.allSettled(Array.from({ length: 50 }, () => executor.run({ ...wrong, prompt: '@x' })));
    while (heard === 0) await new Promise((next) => setImmediate(next));
    await quick.return?.();
    await hearing;
    const first = (await slow.next()).value;
    assert.ok(first?.type === 'lost' && first.events > 0, JSON.stringify(first));
    assert.equal(first.events, heard - 4_096);
    await slow.return?.();
  }));

claim('vectors come as numbers, each at the place of its text', () =>
  asking('', async (executor) => {
    const inputs = ['one', 'two', 'one'];
    const { vectors, dimensions } = await executor.embed({ endpoint: 'e', inputs, dimensions: 4 });
    assert.equal(dimensions, 4);
    assert.deepEqual(vectors.map((vector) => vector.length), [4, 4, 4]);
    assert.deepEqual(vectors[0], vectors[2]);
    assert.notDeepEqual(vectors[0], vectors[1]);
  }));

claim('events tell a run from its start to its end, and an iteration that is left hears no more', () =>
  asking('503; ok', async (executor) => {
    const events = executor.events();
    const heard: (Event | Lost)[] = [];
    await executor.run({ endpoint: 'e', prompt: 'hi', maxRetries: 1, retryBaseDelay: 1 });
    for await (const event of events) {
      heard.push(event);
      if (event.type === 'run_finished') break;
    }
    const types = heard.map(({ type }) => type);
    assert.deepEqual(types, [
      'run_started', 'admitted', 'attempt_started', 'attempt_failed', 'admitted', 'attempt_started', 'attempt_succeeded', 'run_finished',
    ]);
    const [, , , failure] = heard;
    assert.ok(failure?.type === 'attempt_failed' && failure.decision.do === 'retry' && failure.decision.afterMs === 1);
    assert.deepEqual(await events.next(), { done: true, value: undefined });
  }));

claim('under spaced pacing, runs that are limited together return one after the other', () =>
  asking('429,times=4; ok', async (_, { url }) => {
    const executor = new Executor({ config: { ...config(url), queue: { pacing: 'spaced' } } });
    const runs = Array.from({ length: 4 }, () =>
      executor.run({ endpoint: 'e', prompt: 'hi', maxRetries: 1, retryBaseDelay: 40 }));
    const answers = await Promise.all(runs);
    const left = answers.map(({ attempts }) => Date.parse(attempts[1]?.started ?? '')).sort((a, b) => a - b);
    for (const [at, time] of left.entries()) assert.ok(at === 0 || time - (left[at - 1] ?? 0) >= 32, String(left));
  }));

claim('runs that are limited together all get their answers, though no retry was asked for', () =>
  asking('429,times=4; ok', async (executor, simulator) => {
    const runs = Array.from({ length: 4 }, () => executor.run({ endpoint: 'e', prompt: 'hi' }));
    const answers = await Promise.all(runs);
    assert.equal(answers.flatMap(({ attempts }) => attempts).length, 8, 'four refusals and four answers');
    assert.equal((await simulator.stats()).requests, 8);
  }));

claim('a configuration comes from a file, and a wrong one is an error when the executor is made', async () => {
  const running = await simulator('ok=from the file');
  const home = mkdtempSync(join(tmpdir(), 'tidegate-node-'));
  try {
    const file = join(home, 'tidegate.toml');
    writeFileSync(file, `[providers.s]\ntype = "openai-compatible"\nbase_url = "${running.url}/v1"\napi_key = "\${SIM_KEY}"\n[endpoints.f]\nprovider = "s"\nmodel = "m"\n`);
    const executor = new Executor({ config: file, env: { SIM_KEY: 'sk-file' } });
    assert.equal((await executor.run({ prompt: 'hi' })).text, 'from the file');
    const keyless = await failed(new Executor({ config: file, env: {} }).run({ prompt: 'hi' }));
    assert.equal(keyless.kind, 'credentials');
    writeFileSync(file, '[defaults]\nmax_retry = 3\n');
    assert.throws(() => new Executor({ config: file }), (error: TidegateError) =>
      error.kind === 'config' && /tidegate\.toml:2: .*max_retries/.test(error.message));
  } finally {
    running.stop();
    rmSync(home, { recursive: true });
  }
});

claim('an object that is no configuration, and a store that is not there, are refused by name', () => {
  const refused = (options: object) => {
    try {
      new Executor(options);
    } catch (error) {
      return error as TidegateError;
    }
    throw new assert.AssertionError({ message: 'nothing was refused' });
  };
  assert.match(refused({ config: { endpoints: { a: { modle: 'x' } } } }).message, /modle/);
  assert.match(refused({ store: 'disk' }).message, /"memory", "sqlite" or "redis"/);
  assert.match(refused({ store: 'redis' }).message, /needs a `url`/);
  assert.equal(refused({ sotre: 'memory' }).kind, 'options');
});

claim('with one file, what an executor learns of a limit the next one knows', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tidegate-node-'));
  const env = { XDG_STATE_HOME: home, OPENAI_API_KEY: 'k' };
  try {
    await asking('429,retry-after=1; ok=first; ok=second', async (_, simulator) => {
      const shared = () => new Executor({ config: config(simulator.url), store: 'sqlite', env });
      const first = await shared().run({ endpoint: 'e', prompt: 'hi' });
      assert.deepEqual([first.text, first.attempts.length], ['first', 2]);
      assert.ok(existsSync(join(home, 'tidegate', 'queue.db')));
      assert.equal((await shared().run({ endpoint: 'e', prompt: 'hi' })).text, 'second');
    });
  } finally {
    rmSync(home, { recursive: true });
  }
});

claim('where there is no place for the file the queue is kept in memory, and a warning says so', async () => {
  const warned = once(process, 'warning');
  const executor = new Executor({ store: 'sqlite', env: {} });
  const [warning] = await warned;
  assert.equal(warning.name, 'TidegateWarning');
  assert.match(warning.message, /kept in memory/);
  assert.ok(executor);
});

claim('files that a prompt names go before it and are told', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tidegate-node-'));
  try {
    writeFileSync(join(home, 'note.md'), 'the note\n');
    await asking('ok', async (executor) => {
      const answer = await executor.run({ endpoint: 'e', prompt: 'Read @note.md', context: { root: home } });
      assert.deepEqual(answer.context.files, ['note.md']);
    });
  } finally {
    rmSync(home, { recursive: true });
  }
});

claim('a prompt of a megabyte goes natively and into a command that reads standard input', () =>
  asking('ok=read', async (executor, simulator) => {
    const prompt = 'x'.repeat(1_048_576);
    assert.equal((await executor.run({ endpoint: 'e', prompt })).text, 'read');
    const counting = { type: 'command', argv: ['sh', '-c', 'wc -c'], prompt: 'stdin' };
    const here = config(simulator.url);
    const commands = { providers: { count: counting }, endpoints: { c: { provider: 'count', model: 'm' } } };
    const command = new Executor({ config: { ...here, ...commands } });
    assert.equal((await command.run({ endpoint: 'c', prompt })).text, '1048576');
  }));

claim('import and require give the same classes', () => {
  const required = createRequire(import.meta.url)('tidegate') as typeof import('tidegate');
  assert.equal(required.Executor, Executor);
  assert.equal(required.TidegateError, TidegateError);
});
