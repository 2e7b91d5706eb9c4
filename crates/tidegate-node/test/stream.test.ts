/** The native door: answers that come piece by piece. */

import assert from 'node:assert/strict';

import { TidegateError } from 'tidegate';

import { claim } from './claims.ts';
import { asking } from './simulator.ts';

const WORDS = 'one two three four five six seven eight';

claim('pieces add up to the answer', () =>
  asking(`ok="${WORDS}"`, async (executor) => {
    const stream = executor.stream({ endpoint: 'e', prompt: 'count' });
    let text = '';
    for await (const piece of stream) if (piece.type === 'text') text += piece.text;
    assert.equal(text, WORDS);
    const answer = await stream.answer();
    assert.equal(answer.text, WORDS);
    assert.equal(answer.attempts.length, 1);
  }));

claim('the whole answer of a stream can be had without its pieces', () =>
  asking(`ok="${WORDS}"`, async (executor) => {
    const answer = await executor.stream({ endpoint: 'e', prompt: 'count' }).answer();
    assert.equal(answer.text, WORDS);
  }));

claim('a stream that breaks throws where it breaks, with what was received', () =>
  asking(`ok="${WORDS}",cut=3; ok`, async (executor, simulator) => {
    const stream = executor.stream({ endpoint: 'e', prompt: 'count', maxRetries: 3 });
    let text = '';
    const read = async () => {
      for await (const piece of stream) if (piece.type === 'text') text += piece.text;
    };
    const error = await read().then(() => undefined, (error: unknown) => error);
    assert.ok(error instanceof TidegateError);
    assert.equal(error.gaveUp, 'output_started');
    assert.equal(text, 'one two three');
    assert.equal(error.received?.text, text);
    assert.equal((await simulator.stats()).requests, 1);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  }));

claim('a stream that is handed over whole may break and be repeated', () =>
  asking(`ok="${WORDS}",cut=3; ok="${WORDS}"`, async (executor) => {
    const stream = executor.stream({ endpoint: 'e', prompt: 'count', maxRetries: 1, retryBaseDelay: 1, delivery: 'whole' });
    assert.equal((await stream.answer()).text, WORDS);
  }));

claim('a failure before the first piece is thrown by the first piece', () =>
  asking('401', async (executor) => {
    await assert.rejects(executor.stream({ endpoint: 'e', prompt: 'hi' }).next(), { kind: 'auth_failed', received: null });
  }));

claim('a run begins with the first piece that is asked for', () =>
  asking('ok', async (executor, simulator) => {
    const stream = executor.stream({ endpoint: 'e', prompt: 'hi' });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await simulator.stats()).requests, 0);
    await stream.answer();
    assert.equal((await simulator.stats()).requests, 1);
  }));

claim('a signal stops a stream between its pieces', () =>
  asking(`ok="${WORDS}",stall=2`, async (executor) => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const stream = executor.stream({ endpoint: 'e', prompt: 'count', signal: controller.signal });
    const read = async () => {
      for await (const piece of stream) if (piece.type === 'text') setTimeout(() => controller.abort(reason), 5);
    };
    await assert.rejects(read(), reason);
  }));

claim('a stream that is left stops its run', () =>
  asking(`ok="${WORDS}",stall=2`, async (executor) => {
    const finished = executor.events();
    for await (const piece of executor.stream({ endpoint: 'e', prompt: 'count' })) if (piece.type === 'text') break;
    await finished.return?.();
    // The process would hang here for the idle time-out if anything were still pending.
  }));

claim('tools that are wanted come with their arguments', () =>
  asking('ok,tool=weather:{"city":"Bern"}', async (executor) => {
    const stream = executor.stream({ endpoint: 'e', prompt: 'hi', tools: [{ name: 'weather' }] });
    let written = '';
    for await (const piece of stream) if (piece.type === 'tool_call') written += piece.arguments;
    assert.deepEqual(JSON.parse(written), { city: 'Bern' });
    assert.equal((await stream.answer()).toolCalls[0]?.name, 'weather');
  }));

claim('whoever asks for a piece before the last one has come gets the next, and two iterations share the pieces', () =>
  asking(`ok="${WORDS}"; ok="${WORDS}"; ok="${WORDS}"`, async (executor) => {
    const stream = executor.stream({ endpoint: 'e', prompt: 'count' });
    const [started, ...texts] = await Promise.all([stream.next(), stream.next(), stream.next()]);
    assert.equal(started.value?.type, 'started');
    assert.deepEqual(texts.map(({ value }) => value?.type === 'text' && value.text), ['one', ' two']);
    await stream.return();

    const shared = executor.stream({ endpoint: 'e', prompt: 'count' });
    const pieces: string[] = [];
    const iterate = async () => {
      for await (const piece of shared) if (piece.type === 'text') pieces.push(piece.text);
    };
    await Promise.all([iterate(), iterate()]);
    assert.equal(pieces.join(''), WORDS);

    const whole = executor.stream({ endpoint: 'e', prompt: 'count' });
    const answers = await Promise.all([whole.answer(), whole.answer()]);
    assert.deepEqual(answers.map(({ text }) => text), [WORDS, WORDS]);
  }));

claim('a signal that was given before the first piece is asked for stops a stream before it is sent', () =>
  asking('ok', async (executor, simulator) => {
    const controller = new AbortController();
    const reason = new Error('never mind');
    const stream = executor.stream({ endpoint: 'e', prompt: 'hi', signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(stream.next(), reason);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    await assert.rejects(stream.answer(), reason);
    assert.equal((await simulator.stats()).requests, 0);
  }));
