/**
 * What is waited for, by number, and the handle that keeps the process alive as long as anything is.
 *
 * The engine's way back into JavaScript does not do so itself, so that a program ends whose executor is idle.
 */

import * as timers from 'node:timers';

/** Taken now: what a test puts in their place later neither holds nor releases. */
const { clearInterval: release, setInterval: hold } = timers;

/** Longer than any wait: the handle is there, the timer does nothing. */
const SELDOM = 2 ** 30;

export class Pending<T> {
  readonly #waiting = new Map<number, T>();
  #next = 0;
  #alive: NodeJS.Timeout | undefined;

  /** Takes the next number for `waiting`. */
  enter(waiting: T): number {
    do this.#next = (this.#next + 1) >>> 0 || 1;
    while (this.#waiting.has(this.#next));
    this.#waiting.set(this.#next, waiting);
    this.#alive ??= hold(() => {}, SELDOM);
    return this.#next;
  }

  get(id: number): T | undefined {
    return this.#waiting.get(id);
  }

  /** Gives the number back, and what waited under it. */
  leave(id: number): T | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0 && this.#alive) {
      release(this.#alive);
      this.#alive = undefined;
    }
    return waiting;
  }
}
