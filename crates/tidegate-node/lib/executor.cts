/** The native door: runs requests through the engine. */

import { addon, type Message, type NativeEngine } from './addon.cjs';
import type { Answer, Embeddings, Event, Lost, Piece } from './answer.cjs';
import { TidegateError } from './error.cjs';
import { Listeners } from './listeners.cjs';
import { Pending } from './pending.cjs';
import type { EmbedRequest, RunRequest } from './request.cjs';
import { AnswerStream, type Source } from './stream.cjs';
import { Beginnings, hear } from './turns.cjs';
import { written } from './written.cjs';

/** How an executor is put together. */
export interface ExecutorOptions {
  /**
   * The path of a `tidegate.toml` or of a `litellm-api-config.json`, or an object of the shape of a `tidegate.toml`. Without
   * it, the file that `$TIDEGATE_CONFIG` names or the user's own; no file at all works, too: `openai/gpt-4o`.
   */
  config?: string | Record<string, unknown> | undefined;
  /**
   * Who stands in one line with its runs: nobody (`memory`, unless the configuration says otherwise), the processes of this
   * host (`sqlite`: the file that the command uses, too), or processes of many hosts (`redis`, with `url` in `[queue]`).
   */
  store?: 'memory' | 'sqlite' | 'redis' | undefined;
  /** The variables that values may name: those of the process unless given. */
  env?: Record<string, string | undefined> | undefined;
}

/** Somebody who waits for the end of a run. */
interface Waiting {
  done(said: unknown, bytes: Buffer | undefined): void;
  failed(error: unknown): void;
  pieces?(pieces: Piece[]): void;
}

/** A run that somebody waits for. */
interface Running {
  /** Held here so that the engine lives as long as anybody waits for it. */
  engine: NativeEngine;
  waiting: Waiting;
  signal: AbortSignal | undefined;
  abort: (() => void) | undefined;
}

/**
 * Runs requests. Its runs share connections, queues and limits. A run that is under way keeps the process alive, an
 * executor does not.
 */
export class Executor {
  readonly #pending = new Pending<Running>();
  readonly #listeners = new Listeners();
  readonly #engine: NativeEngine;
  readonly #beginnings = new Beginnings(
    (lines) => this.#engine.begin(lines),
    (id, error) => left(this.#pending, id)?.failed(error),
  );

  /** @throws {TidegateError} of the kind `config` or `options`. */
  constructor(options: ExecutorOptions = {}) {
    // Weak, so that an executor that nobody holds any more can go: what is pending holds its engine.
    let engine: WeakRef<NativeEngine> | undefined;
    const deliver = delivery(this.#pending, this.#listeners);
    try {
      const told = hear(() => engine?.deref(), deliver);
      this.#engine = new addon.Engine(...described(options), told);
      engine = new WeakRef(this.#engine);
      if (this.#engine.warning) process.emitWarning(this.#engine.warning, 'TidegateWarning');
    } catch (error) {
      throw typed(error);
    }
  }

  /** Runs a request to its answer. Rejects with a {@link TidegateError}, or with the signal's reason. */
  run(request: RunRequest): Promise<Answer> {
    return new Promise<unknown>((done, failed) => this.#begin(request, 'run', { done, failed })) as Promise<Answer>;
  }

  /** Turns texts into vectors. Rejects as {@link run} does. */
  embed(request: EmbedRequest): Promise<Embeddings> {
    return new Promise((resolve, failed) => {
      const done = (said: unknown, bytes: Buffer | undefined) => resolve(embeddings(said as Vectors, bytes));
      this.#begin(request, 'embed', { done, failed });
    });
  }

  /** Runs a request and hands its answer over piece by piece. */
  stream(request: RunRequest): AnswerStream {
    let id = 0;
    const source: Source = {
      start: (sink) => {
        id = this.#begin(request, 'stream', {
          pieces: (pieces) => sink.pieces(pieces),
          done: (said) => sink.done(said as Answer),
          failed: (error) => sink.failed(error),
        });
      },
      pull: () => {
        this.#beginnings.flush();
        this.#engine.pull(id);
      },
      cancel: () => this.#stop(id),
    };
    return new AnswerStream(source);
  }

  /** Hears what happens to the runs of this executor, from now on until the iteration is left. */
  events(): AsyncIterableIterator<Event | Lost> {
    return this.#listeners.add(this.#engine);
  }

  /** Begins a run and gives its number; 0 when it ended before it began. Throws nothing: whoever waits is told. */
  #begin(request: RunRequest | EmbedRequest, what: 'run' | 'embed' | 'stream', waiting: Waiting): number {
    let signal: AbortSignal | undefined;
    // Written down now: the caller may go on with the same object.
    let wanted: string;
    try {
      signal = signalOf(request);
      if (signal?.aborted) {
        waiting.failed(signal.reason);
        return 0;
      }
      wanted = written('the request', request?.signal === undefined ? request : { ...request, signal: undefined });
    } catch (error) {
      waiting.failed(TidegateError.options(error));
      return 0;
    }
    const running: Running = { engine: this.#engine, waiting, signal, abort: undefined };
    const id = this.#pending.enter(running);
    if (signal) {
      running.abort = () => {
        this.#stop(id);
        waiting.failed(signal.reason);
      };
      signal.addEventListener('abort', running.abort, { once: true });
    }
    this.#beginnings.add(id, what, wanted);
    return id;
  }

  #stop(id: number): void {
    if (!left(this.#pending, id)) return;
    if (!this.#beginnings.takeBack(id)) this.#engine.cancel(id);
  }
}

/** The options of an executor and its environment, as JSON. */
function described(options: ExecutorOptions): [options: string, environment: string] {
  try {
    const { env, ...rest } = options ?? {};
    const wanted = written('the options', typeof options === 'object' ? rest : options);
    return [wanted, env == null ? JSON.stringify(process.env) : written('`env`', env)];
  } catch (error) {
    throw TidegateError.options(error);
  }
}

function signalOf(request: RunRequest | EmbedRequest | null | undefined): AbortSignal | undefined {
  const signal = request?.signal ?? undefined;
  if (signal === undefined || typeof signal.removeEventListener === 'function') return signal;
  throw new TypeError('the request: `signal` must be an AbortSignal');
}

/** Ends the waiting for a run, and gives whoever waited. */
function left(pending: Pending<Running>, id: number): Waiting | undefined {
  const running = pending.leave(id);
  if (running?.abort) running.signal?.removeEventListener('abort', running.abort);
  return running?.waiting;
}

/** Holds what waits and who listens, not the executor. */
function delivery(pending: Pending<Running>, listeners: Listeners): (message: Message, bytes: Buffer | undefined) => void {
  return ([whom, what, says], bytes) => {
    switch (what) {
      case 'done':
        return left(pending, whom)?.done(says, bytes);
      case 'failed':
        return left(pending, whom)?.failed(TidegateError.of(says));
      case 'pieces':
        return pending.get(whom)?.waiting.pieces?.(says as Piece[]);
      case 'events':
        return listeners.fetch();
    }
  };
}

type Vectors = Omit<Embeddings, 'vectors'> & { count: number };

function embeddings({ count, ...said }: Vectors, bytes: Buffer | undefined): Embeddings {
  const numbers = new Float32Array(new Uint8Array(bytes ?? []).buffer);
  const vector = (_: unknown, at: number) => numbers.subarray(at * said.dimensions, (at + 1) * said.dimensions);
  return { ...said, vectors: Array.from({ length: count }, vector) };
}

/** An error of the engine's, whose message is JSON; any other as it is. */
function typed(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith('{')) return error;
  return TidegateError.of(JSON.parse(error.message));
}
