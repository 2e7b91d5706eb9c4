/**
 * Work in portions, one for each turn of the event loop: a thousand runs that begin or end together must not hold up
 * whatever else the loop has to do.
 */

import { setImmediate as later } from 'node:timers';

import type { Message } from './addon.cjs';

/** What is done in one turn: well under a millisecond's work. */
const PORTION = 8;

/** Hears what the engine tells, a portion in each turn. `from` is asked for once there is something to take. */
export function hear(from: () => { take(most: number): Message[] } | undefined, each: (message: Message) => void): () => void {
  const turn = () => {
    const messages = from()?.take(PORTION) ?? [];
    if (messages.length === PORTION) later(turn);
    for (const message of messages) each(message);
  };
  return turn;
}

/** Begins things in their order: at once where few are begun in a turn, else a portion in each. */
export class Beginnings {
  #waiting: (() => void)[] = [];
  #begun = 0;
  #scheduled = false;

  add(begin: () => void): void {
    if (this.#begun < PORTION && this.#waiting.length === 0) {
      this.#begun += 1;
      begin();
    } else {
      this.#waiting.push(begin);
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    later(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    this.#begun = 0;
    for (const begin of this.#waiting.splice(0, PORTION)) {
      this.#begun += 1;
      begin();
    }
    if (this.#begun > 0) this.#schedule();
  }
}
