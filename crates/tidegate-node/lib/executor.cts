/** The native door: runs requests through the engine. */

import { addon, type Message, type NativeEngine } from './addon.cjs';
import type { Answer, Embeddings, Event, Lost, Piece } from './answer.cjs';
import { TidegateError } from './error.cjs';
import { Listeners } from './listeners.cjs';
import { Pending } from './pending.cjs';
import type { EmbedRequest, RunRequest } from './request.cjs';
import { AnswerStream, type Source } from './stream.cjs';
import { Beginnings, hear } from './turns.cjs';

/** How an executor is put together. */
export interface ExecutorOptions {
  /**
   * The path of a `tidegate.toml` or of a `litellm-api-config.json`, or an object of the shape of a `tidegate.toml`. Without
   * it, the file that `$TIDEGATE_CONFIG` names or the user's own; no file at all works, too: `openai/gpt-4o`.
   */
  config?: string | Record<string, unknown>;
  /** Where the queue is kept: `memory`, for this executor. */
  store?: 'memory';
  /** The variables that values may name: those of the process unless given. */
  env?: Record<string, string | undefined>;
}

/** Somebody who waits for the end of a run. */
interface Waiting {
  /** Held here so that the engine lives as long as anybody waits for it. */
  engine: NativeEngine;
  done(says: string, bytes: Buffer | undefined): void;
  failed(error: unknown): void;
  pieces?(pieces: Piece[]): void;
}

/**
 * Runs requests. Its runs share connections, queues and limits. A run that is under way keeps the process alive, an
 * executor does not.
 */
export class Executor {
  readonly #pending = new Pending<Waiting>();
  readonly #listeners = new Listeners();
  readonly #beginnings = new Beginnings();
  readonly #engine: NativeEngine;

  /** @throws {TidegateError} of the kind `config` or `options`. */
  constructor({ env = process.env, ...options }: ExecutorOptions = {}) {
    // Weak, so that an executor that nobody holds any more can go: what is pending holds its engine.
    let engine: WeakRef<NativeEngine> | undefined;
    const deliver = delivery(this.#pending, this.#listeners);
    try {
      const told = hear(() => engine?.deref(), deliver);
      this.#engine = new addon.Engine(JSON.stringify(options), JSON.stringify(env), told);
      engine = new WeakRef(this.#engine);
    } catch (error) {
      throw typed(error);
    }
  }

  /** Runs a request to its answer. Rejects with a {@link TidegateError}, or with the signal's reason. */
  run(request: RunRequest): Promise<Answer> {
    return this.#promise(request, 'run', (says) => JSON.parse(says) as Answer);
  }

  /** Turns texts into vectors. Rejects as {@link run} does. */
  embed(request: EmbedRequest): Promise<Embeddings> {
    return this.#promise(request, 'embed', embeddings);
  }

  /** Runs a request and hands its answer over piece by piece. */
  stream(request: RunRequest): AnswerStream {
    let id = 0;
    const source: Source = {
      start: (sink) => {
        id = this.#begin(request, 'stream', {
          pieces: (pieces) => sink.pieces(pieces),
          done: (says) => sink.done(JSON.parse(says) as Answer),
          failed: (error) => sink.failed(error),
        });
      },
      pull: () => this.#engine.pull(id),
      cancel: () => this.#stop(id),
    };
    return new AnswerStream(source);
  }

  /** Hears what happens to the runs of this executor, from now on until the iteration is left. */
  events(): AsyncIterableIterator<Event | Lost> {
    return this.#listeners.add(this.#engine);
  }

  #promise<T>(
    request: RunRequest | EmbedRequest,
    what: 'run' | 'embed',
    read: (says: string, bytes: Buffer | undefined) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (says: string, bytes: Buffer | undefined) => resolve(read(says, bytes));
      this.#begin(request, what, { done, failed: reject });
    });
  }

  /** Begins a run and gives its number; 0 when it ended before it began. */
  #begin(
    request: RunRequest | EmbedRequest,
    what: 'run' | 'embed' | 'stream',
    waiting: Omit<Waiting, 'engine'>,
  ): number {
    const { signal, ...asked } = request;
    if (signal?.aborted) {
      waiting.failed(signal.reason);
      return 0;
    }
    // Written down now: the caller may go on with the same object.
    let wanted: string;
    try {
      wanted = JSON.stringify(asked);
    } catch (error) {
      waiting.failed(error);
      return 0;
    }
    const engine = this.#engine;
    const ended = () => signal?.removeEventListener('abort', abort);
    const id = this.#pending.enter({
      ...waiting,
      engine,
      done: (says, bytes) => (ended(), waiting.done(says, bytes)),
      failed: (error) => (ended(), waiting.failed(error)),
    });
    const abort = () => {
      this.#stop(id);
      waiting.failed(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    this.#beginnings.add(() => {
      try {
        if (!this.#pending.get(id)) return;
        engine[what](id, wanted);
        if (what === 'stream') engine.pull(id);
      } catch (error) {
        this.#pending.leave(id)?.failed(typed(error));
      }
    });
    return id;
  }

  #stop(id: number): void {
    if (this.#pending.leave(id)) this.#engine.cancel(id);
  }
}

/** Holds what waits and who listens, not the executor. */
function delivery(pending: Pending<Waiting>, listeners: Listeners): (message: Message) => void {
  return ({ whom, what, says, bytes }) => {
    switch (what) {
      case 'done':
        return pending.leave(whom)?.done(says, bytes);
      case 'failed':
        return pending.leave(whom)?.failed(TidegateError.of(says));
      case 'pieces':
        return pending.get(whom)?.pieces?.(JSON.parse(says) as Piece[]);
      case 'events':
        return listeners.fetch();
    }
  };
}

function embeddings(says: string, bytes: Buffer | undefined): Embeddings {
  const { count, ...said } = JSON.parse(says) as Embeddings & { count: number };
  const numbers = new Float32Array(Uint8Array.from(bytes ?? []).buffer);
  const vector = (_: unknown, at: number) => numbers.subarray(at * said.dimensions, (at + 1) * said.dimensions);
  return { ...said, vectors: Array.from({ length: count }, vector) };
}

/** An error of the engine's, whose message is JSON; any other as it is. */
function typed(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith('{')) return error;
  return TidegateError.of(error.message);
}
