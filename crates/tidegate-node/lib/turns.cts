/**
 * Work in portions: a thousand runs that begin or end together must not hold up whatever else the loop has to do.
 */

import { setImmediate as later } from 'node:timers';

import type { Message, Portion } from './addon.cjs';

/** What is read in one turn of the loop takes about so long; what hears of it comes on top. */
const TURN_MS = 0.3;

/** Hears what the engine tells, for a while in each turn. `from` is asked for once there is something to take. */
export function hear(from: () => { take(): Portion } | undefined, each: (message: Message, bytes: Buffer | undefined) => void): () => void {
  const turn = () => {
    const until = performance.now() + TURN_MS;
    let more: boolean | undefined;
    do {
      const portion = from()?.take();
      more = portion?.more;
      if (portion) read(portion, each);
    } while (more && performance.now() < until);
    if (more) later(turn);
  };
  return turn;
}

function read({ told, bytes }: Portion, each: (message: Message, bytes: Buffer | undefined) => void): void {
  for (const message of JSON.parse(told) as Message[]) each(message, message[3] === undefined ? undefined : bytes[message[3]]);
}

/** Bytes that are handed over without waiting for more: a bound on what is written twice. */
const MOST = 262_144;

/** Collects what is begun in one turn and hands it over as one text, a line for each: the border is crossed once. */
export class Beginnings {
  readonly #over: (lines: string) => void;
  readonly #refused: (id: number, error: unknown) => void;
  #lines = '';
  #ids: number[] = [];

  /** `over` takes what has been collected; where it throws, `refused` hears of each. */
  constructor(over: (lines: string) => void, refused: (id: number, error: unknown) => void) {
    this.#over = over;
    this.#refused = refused;
  }

  /** `says` is JSON, in one line. */
  add(id: number, what: string, says: string): void {
    if (this.#ids.length === 0) queueMicrotask(() => this.flush());
    this.#ids.push(id);
    this.#lines += `${id} ${what} ${says}\n`;
    if (this.#lines.length > MOST) this.flush();
  }

  /** Hands over now: what is done to a run must find it begun. */
  flush(): void {
    if (this.#ids.length === 0) return;
    const [lines, ids] = [this.#lines, this.#ids];
    this.#lines = '';
    this.#ids = [];
    try {
      this.#over(lines);
    } catch (error) {
      for (const id of ids) this.#refused(id, error);
    }
  }
}
