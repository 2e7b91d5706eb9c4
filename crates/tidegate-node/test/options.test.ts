/** Bad options, of every kind: an error that names the place, and nothing that hangs, at both doors. */

import assert from 'node:assert/strict';

import { Executor, TidegateError, type EmbedRequest, type RunRequest } from 'tidegate';
import { executeLiteLLMEndpoint, extractPatterns } from 'tidegate/tools/litellm-executor';

import { claim } from './claims.ts';
import { atHome } from './dropin.ts';
import { asking, simulator } from './simulator.ts';

const circle: Record<string, unknown> = {};
circle['again'] = circle;

const throwing = (name: string) =>
  Object.defineProperty({}, name, { enumerable: true, get: () => { throw new Error('the caller\'s own'); } });

/** What is wrong, and what the error must say. */
type Wrong = [given: unknown, says: RegExp];

const hi = { endpoint: 'e', prompt: 'hi' };

const REQUESTS: Wrong[] = [
  [undefined, /the request: must be an object, found undefined/],
  [null, /the request: must be an object, found null/],
  ['hi', /the request: must be an object, found a string/],
  [() => hi, /the request: must be an object, found a function/],
  [[hi], /the request: must be an object, found an array/],
  [{ ...hi, toJSON: () => undefined }, /the request: must be an object/],
  [{}, /needs a `prompt` or `messages`/],
  [{ ...hi, prompt: 5 }, /^`prompt`: must be a text/],
  [{ ...hi, prompt: () => 'hi' }, /`prompt` is a function/],
  [{ ...hi, extra: circle }, /`extra\.again` holds itself/],
  [{ ...hi, extra: { list: [1, { deep: NaN }] } }, /`extra\.list\[1\]\.deep` is NaN/],
  [{ ...hi, maxTokens: 3n }, /`maxTokens` is a BigInt/],
  [{ ...hi, maxTokens: -1 }, /^`maxTokens`: must be a whole number, not below zero, found integer `-1`/],
  [{ ...hi, maxTokens: 1.5 }, /^`maxTokens`: must be a whole number/],
  [{ ...hi, temperature: NaN }, /`temperature` is NaN/],
  [{ ...hi, timeout: Infinity }, /`timeout` is Infinity/],
  [{ ...hi, timeout: -1 }, /^`timeout`: must be a number of milliseconds/],
  [{ ...hi, timeout: 1e300 }, /^`timeout`: must be a number of milliseconds/],
  [{ ...hi, timeout: true }, /^`timeout`: must be milliseconds or a text/],
  [{ ...hi, maxRetries: -1 }, /^`maxRetries`: must be a whole number/],
  [{ ...hi, retryJitter: 7 }, /^`retryJitter`: must be from 0 to 1, found 7/],
  [{ ...hi, maxRetry: 3 }, /unknown field `maxRetry`/],
  [{ ...hi, stop: 'x' }, /^`stop`: must be an array, found a text/],
  [{ ...hi, output: 'json' }, /^`output`: must be an object, found a text/],
  [{ ...hi, context: '/' }, /^`context`: must be an object, found a text/],
  [{ ...hi, messages: ['hi'] }, /^`messages\[0\]`: must be an object, found a text/],
  [{ ...hi, messages: [{ role: 'system', content: 'x' }] }, /^`messages\[0\]\.role`: unknown variant/],
  [{ ...hi, messages: [{ role: 'user', content: [] }] }, /^`messages\[0\]\.content`: must be a text, found an array/],
  [{ ...hi, messages: [{ role: 'user', content: 'x', name: 'me' }] }, /^`messages\[0\]\.name` is not known/],
  [{ ...hi, tools: [{ name: 'a' }, {}] }, /^`tools\[1\]`: missing field `name`/],
  [{ ...hi, tools: [{ name: 'a', paramters: {} }] }, /^`tools\[0\]\.paramters` is not known/],
  [{ ...hi, signal: 5 }, /`signal` must be an AbortSignal/],
  [{ ...hi, signal: {} }, /`signal` must be an AbortSignal/],
  [throwing('prompt'), /cannot be read: the caller's own/],
  [throwing('signal'), /the caller's own/],
  [{ ...hi, extra: JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) }, /nested too deeply|must be an object/],
];

claim('a request that cannot be meant is refused by the place of what is wrong, and nothing is sent', () =>
  asking('', async (executor, simulator) => {
    for (const [given, says] of REQUESTS) {
      const refused = (error: unknown) =>
        error instanceof TidegateError && error.kind === 'options' && error.code === 'ERR_TIDEGATE_OPTIONS' &&
        error.gaveUp === null && error.attempts === 0 && says.test(error.message) ? true : Promise.reject(error);
      await assert.rejects(executor.run(given as RunRequest), refused);
      const stream = executor.stream(given as RunRequest);
      await assert.rejects(stream.next(), refused);
      assert.deepEqual(await stream.next(), { done: true, value: undefined });
      await assert.rejects(stream.answer(), refused);
    }
    const texts: Wrong[] = [
      [undefined, /must be an object/], [{ endpoint: 'e' }, /missing field `inputs`/], [{ endpoint: 'e', inputs: [] }, /`inputs` must hold/],
      [{ endpoint: 'e', inputs: 'x' }, /^`inputs`: must be an array/], [{ endpoint: 'e', inputs: ['x', 5] }, /^`inputs\[1\]`: must be a text/],
    ];
    for (const [given, message] of texts) await assert.rejects(executor.embed(given as EmbedRequest), { kind: 'options', message });
    assert.equal((await simulator.stats()).requests, 0);
  }));

claim('an error about options does not quote the prompt', () =>
  asking('', async (executor) => {
    for (const given of ['my secret', { endpoint: 'e', messages: ['my secret'] }, { endpoint: 'e', prompt: 'x', stop: 'my secret' }]) {
      await assert.rejects(executor.run(given as RunRequest), (error: Error) => !error.message.includes('secret'));
    }
  }));

claim('what is null or undefined was left out', () =>
  asking('ok=fine', async (executor) => {
    const nothing = { system: null, messages: null, maxTokens: undefined, tools: null, maxRetries: null, timeout: null, signal: null };
    assert.equal((await executor.run({ ...hi, ...nothing } as unknown as RunRequest)).text, 'fine');
    const typed: RunRequest = { ...hi, signal: undefined, maxRetries: undefined, context: undefined, output: undefined };
    assert.ok(typed);
  }));

claim('half of a character, as cutting a text leaves it, is sent as U+FFFD; what only looks so stays', async () => {
  const config = { providers: { echo: { type: 'command', argv: ['cat'], prompt: 'stdin' } }, endpoints: { e: { provider: 'echo', model: 'm' } } };
  const ask = async (prompt: string) => (await new Executor({ config }).run({ endpoint: 'e', prompt })).text;
  assert.equal(await ask('cut \ud83d'), 'cut \ufffd');
  assert.equal(await ask('\udc00\ud83d\ude00 \\ud83d \\\ud800'), '\ufffd\ud83d\ude00 \\ud83d \\\ufffd');
});

claim('executors of options that cannot be meant are refused by the place of what is wrong', () => {
  const wrong: Wrong[] = [
    ['x.toml', /the options: must be an object, found a string/],
    [5, /the options: must be an object/],
    [{ config: 5 }, /`config` must be the path of a file or an object/],
    [{ config: [] }, /`config` must be the path of a file or an object/],
    [{ config: '' }, /`config` must be the path of a file or an object/],
    [{ config: () => ({}) }, /`config` is a function/],
    [{ config: circle }, /`config\.again` holds itself/],
    [{ config: { defaults: { max_retries: 3n } } }, /`config\.defaults\.max_retries` is a BigInt/],
    [{ config: { defaults: { max_retries: NaN } } }, /`config\.defaults\.max_retries` is NaN/],
    [{ store: 5 }, /`store`: must be a text/],
    [{ env: 5 }, /`env`: must be an object/],
    [{ env: { A: {} } }, /`env\.A`: must be a text/],
    [{ sotre: 'memory' }, /unknown field `sotre`/],
    [throwing('config'), /the caller's own/],
  ];
  for (const [given, message] of wrong) {
    const refused = (error: unknown) => error instanceof TidegateError && message.test(error.message);
    assert.throws(() => new Executor(given as object), refused, String(message));
  }
});

claim('a number among the variables of an environment costs none of the others', async () => {
  const running = await simulator('ok=found');
  try {
    const env = { OPENAI_API_KEY: 'sk-1', OPENAI_BASE_URL: `${running.url}/v1`, HOME: '/nowhere', XDG_CONFIG_HOME: '/nowhere', PORT: 3_000 };
    const executor = new Executor({ env: env as unknown as Record<string, string> });
    assert.equal((await executor.run({ endpoint: 'openai/m', prompt: 'hi' })).text, 'found');
  } finally {
    running.stop();
  }
});

claim('the drop-in resolves whatever it is given, with the place of what is wrong, and starts nothing', () =>
  atHome(async (home) => {
    const good = { prompt: 'hi', endpointId: 'e', baseDir: home.project, python: '/nowhere/python' };
    const wrong: Wrong[] = [
      [undefined, /missing field `prompt`/],
      [null, /missing field `prompt`/],
      ['hi', /missing field `prompt`/],
      [{ ...good, prompt: undefined }, /missing field `prompt`/],
      [{ ...good, prompt: 5 }, /`prompt`: must be a text/],
      [{ ...good, prompt: Symbol('hi') }, /`prompt` is a symbol/],
      [{ ...good, endpointId: null }, /`endpointId`: must be a text, found null/],
      [{ ...good, cwd: 5 }, /`cwd`: must be a text/],
      [{ ...good, includeDirs: '/' }, /`includeDirs`: must be an array/],
      [{ ...good, onOutput: 5 }, /`onOutput` must be a function/],
      [{ ...good, maxRetries: -1 }, /`maxRetries`: must be a whole number/],
      [{ ...good, maxRetries: NaN }, /`maxRetries` is NaN/],
      [{ ...good, maxRetries: 3n }, /`maxRetries` is a BigInt/],
      [{ ...good, retryBaseDelayMs: -5 }, /`retryBaseDelayMs`: must be a number of milliseconds/],
      [{ ...good, retryBaseDelayMs: 1e300 }, /`retryBaseDelayMs`: must be a number of milliseconds/],
      [{ ...good, transport: 'htp' }, /`transport`: must be `http` or `command`, found "htp"/],
      [{ ...good, model: circle }, /`model\.again` holds itself/],
      [{ ...good, prompt: 'a\0b' }, /NUL byte.*TIDEGATE_TRANSPORT=http/],
      [{ ...good, toJSON: () => undefined }, /must be an object/],
      [throwing('prompt'), /the caller's own/],
      [throwing('onOutput'), /the caller's own/],
      [new Proxy({}, { ownKeys: () => { throw { toString: null }; } }), /something without words/],
    ];
    for (const [given, says] of wrong) {
      const result = await executeLiteLLMEndpoint(given as Parameters<typeof executeLiteLLMEndpoint>[0]);
      assert.equal(result.success, false);
      assert.match(result.error ?? '', says);
      assert.doesNotMatch(result.error ?? '', /spawn/);
    }
    process.env['TIDEGATE_TRANSPORT'] = 'HTPP';
    const misled = await executeLiteLLMEndpoint(good);
    delete process.env['TIDEGATE_TRANSPORT'];
    assert.match(misled.error ?? '', /`TIDEGATE_TRANSPORT`: must be `http` or `command`, found "HTPP"/);
    for (const prompt of [undefined, null, 5, {}]) assert.throws(() => extractPatterns(prompt as unknown as string), TypeError);
  }));
