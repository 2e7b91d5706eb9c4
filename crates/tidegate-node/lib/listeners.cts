/** Who hears the events of an executor, each at a pace of its own. */

import type { NativeEngine } from './addon.cjs';
import type { Event, Lost } from './answer.cjs';

/** Events that wait for one listener; of more, the oldest are let go and counted. */
const MOST = 4_096;

type Heard = Event | Lost;

export class Listeners {
  readonly #all = new Set<Listener>();
  /** Weak: an iteration that was never left keeps no engine. */
  #engine: WeakRef<NativeEngine> | undefined;

  /** Listens from now on, until the iteration is left. */
  add(engine: NativeEngine): Listener {
    const listener: Listener = new Listener(() => this.#remove(listener));
    if (this.#all.size === 0) engine.listen(true);
    this.#engine = new WeakRef(engine);
    this.#all.add(listener);
    return listener;
  }

  /** Fetches what has happened and hands it on. */
  fetch(): void {
    const engine = this.#engine?.deref();
    if (!engine) return;
    const events = JSON.parse(engine.events()) as Heard[];
    for (const listener of this.#all) listener.hear(events);
  }

  #remove(listener: Listener): void {
    this.#all.delete(listener);
    if (this.#all.size > 0) return;
    this.#engine?.deref()?.listen(false);
    this.#engine = undefined;
  }
}

/** One iteration over events. Waiting for the next one does not keep the process alive. */
export class Listener implements AsyncIterableIterator<Heard> {
  readonly #leave: () => void;
  #waiting: Heard[] = [];
  #lost = 0;
  #over = false;
  #wanted: ((result: IteratorResult<Heard, undefined>) => void)[] = [];

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  hear(events: Heard[]): void {
    this.#waiting.push(...events);
    const over = this.#waiting.length - MOST;
    if (over > 0) {
      this.#waiting.splice(0, over);
      this.#lost += over;
    }
    while (this.#wanted.length > 0) {
      const value = this.#take();
      if (!value) return;
      this.#wanted.shift()?.({ done: false, value });
    }
  }

  next(): Promise<IteratorResult<Heard, undefined>> {
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    const value = this.#take();
    if (value) return Promise.resolve({ done: false, value });
    return new Promise((resolve) => this.#wanted.push(resolve));
  }

  return(): Promise<IteratorResult<Heard, undefined>> {
    if (!this.#over) this.#leave();
    this.#over = true;
    this.#waiting = [];
    for (const wanted of this.#wanted.splice(0)) wanted({ done: true, value: undefined });
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Heard | undefined {
    if (this.#lost === 0) return this.#waiting.shift();
    const events = this.#lost;
    this.#lost = 0;
    return { type: 'lost', events };
  }
}
