/** An answer as it comes. */

import type { Answer, Piece } from './answer.cjs';

/** The end of a stream that the engine is at. */
export interface Source {
  /** Begins the run. */
  start(sink: Sink): void;
  /** Asks for the next pieces. */
  pull(): void;
  /** Stops the run, if it has begun. */
  cancel(): void;
}

/** What the engine's end tells. */
export interface Sink {
  pieces(pieces: Piece[]): void;
  done(answer: Answer): void;
  failed(error: unknown): void;
}

/**
 * A run whose answer is handed over piece by piece: iterate over it once. The iteration throws where the answer breaks;
 * the error holds what had come. The run begins with the first piece that is asked for, and the provider is read no faster
 * than pieces are taken; leaving the iteration stops it.
 */
export class AnswerStream implements AsyncIterableIterator<Piece> {
  readonly #source: Source;
  #waiting: Piece[] = [];
  #begun = false;
  #answer: Answer | undefined;
  #error: { reason: unknown } | undefined;
  #over = false;
  /** Whoever waits for the next piece, in order. */
  #waiters: (() => void)[] = [];
  readonly #sink: Sink = {
    pieces: (pieces) => {
      this.#waiting.push(...pieces);
      this.#wake();
    },
    done: (answer) => {
      this.#answer = answer;
      this.#wake();
    },
    failed: (reason) => {
      this.#error = { reason };
      this.#wake();
    },
  };

  /** @internal */
  constructor(source: Source) {
    this.#source = source;
  }

  async next(): Promise<IteratorResult<Piece, undefined>> {
    for (;;) {
      const value = this.#waiting.shift();
      if (value) return { done: false, value };
      if (this.#error && !this.#over) {
        this.#over = true;
        throw this.#error.reason;
      }
      if (this.#over || this.#answer) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve);
        if (!this.#begun) {
          this.#begun = true;
          this.#source.start(this.#sink);
        }
        this.#source.pull();
      });
    }
  }

  async return(): Promise<IteratorResult<Piece, undefined>> {
    if (!this.#answer && !this.#error) this.#source.cancel();
    this.#over = true;
    this.#waiting = [];
    this.#wake();
    return { done: true, value: undefined };
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Reads what is left and gives the whole answer. */
  async answer(): Promise<Answer> {
    for await (const _ of this);
    if (this.#answer) return this.#answer;
    throw this.#error?.reason ?? new Error('the stream was left before its end');
  }
}
