/**
 * Work in portions: a thousand runs that begin or end together must not hold up whatever else the loop has to do.
 */

import * as timers from 'node:timers';

import type { Message, Portion } from './addon.cjs';

/** Taken now: where a test puts its own clock in their place, runs go on. */
const { setImmediate: later } = timers;
const now = performance.now.bind(performance);

/** What is read in one turn of the loop takes about so long; what hears of it comes on top. */
const TURN_MS = 0.3;

/** Hears what the engine tells, for a while in each turn. `from` is asked for once there is something to take. */
export function hear(from: () => { take(): Portion } | undefined, each: (message: Message, bytes: Buffer | undefined) => void): () => void {
  const turn = () => {
    const until = now() + TURN_MS;
    let more: boolean | undefined;
    do {
      const portion = from()?.take();
      more = portion?.more;
      if (portion) read(portion, each);
    } while (more && now() < until);
    if (more) later(turn);
  };
  return turn;
}

function read({ told, bytes }: Portion, each: (message: Message, bytes: Buffer | undefined) => void): void {
  for (const message of JSON.parse(told) as Message[]) each(message, message[3] === undefined ? undefined : bytes[message[3]]);
}

/** So much is handed over without waiting for more: a bound on what is there twice. */
const MOST = 262_144;

/** Collects what is begun in one turn and hands it over as one text, a line for each: the border is crossed once. */
export class Beginnings {
  readonly #over: (lines: string) => void;
  readonly #refused: (id: number, error: unknown) => void;
  #lines = new Map<number, string>();
  #size = 0;

  /** `over` takes what has been collected; where it throws, `refused` hears of each. */
  constructor(over: (lines: string) => void, refused: (id: number, error: unknown) => void) {
    this.#over = over;
    this.#refused = refused;
  }

  /** `says` is JSON, in one line. */
  add(id: number, what: string, says: string): void {
    if (this.#lines.size === 0) queueMicrotask(() => this.flush());
    this.#lines.set(id, `${id} ${what} ${says}`);
    this.#size += says.length;
    if (this.#size > MOST) this.flush();
  }

  /** Takes back what was not handed over yet; says whether it was not. */
  takeBack(id: number): boolean {
    return this.#lines.delete(id);
  }

  /** Hands over now. */
  flush(): void {
    const lines = this.#lines;
    if (lines.size === 0) return;
    this.#lines = new Map();
    this.#size = 0;
    try {
      this.#over([...lines.values()].join('\n'));
    } catch (error) {
      for (const id of lines.keys()) this.#refused(id, error);
    }
  }
}
