/**
 * Starts, times and ends the commands that the engine asks for, and tells it what became of them.
 *
 * `child_process.spawn`, `setTimeout` and `clearTimeout` are looked up when they are called: callers replace them.
 */

import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

import type { NativeCaller } from '../addon.cjs';
import { words } from '../written.cjs';

/** A command, as the engine wants it. */
export interface Command {
  program: string;
  args: string[];
  env: Record<string, string>;
  timeoutMs: number;
  maxOutput: number;
}

/** From SIGTERM to SIGKILL. */
const GRACE_MS = 5_000;

/** Errors stand at the end of what a command complains: as much of it is kept. */
const MAX_COMPLAINT = 1_048_576;

const childProcess = require('child_process') as typeof import('node:child_process');

const signals: Partial<Record<string, number>> = constants.signals;

/** Children with a group of their own, which a dying process takes along. */
const groups = new Set<number>();

/** A command under way. */
export interface Running {
  kill(): void;
}

/** Starts a command. `settled` is called once, when the engine has been told. Throws nothing, whatever replaces `spawn`. */
export function start(caller: NativeCaller, attempt: number, command: Command, settled: () => void): Running {
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const settle = (tell: () => void) => {
    if (over) return;
    over = true;
    if (timer !== undefined) clearTimeout(timer);
    settled();
    tell();
  };
  const notStarted = (error: unknown) => settle(() => caller.failed(attempt, code(error), words(error)));
  const stdout = new Chunks();
  const stderr = new Chunks();
  try {
    const child = spawned(command);
    child.on('error', notStarted);
    child.on('close', (code, signal) =>
      settle(() => caller.exited(attempt, number(code), number(signals[signal!]), stdout.bytes(), stderr.bytes())));
    caller.started(attempt);
    const stop = (tell: () => void) =>
      settle(() => {
        end(child);
        tell();
      });
    timer = setTimeout(() => stop(() => caller.timedOut(attempt, command.timeoutMs)), command.timeoutMs);
    hear(child.stdout, (chunk) => {
      if (!over && stdout.add(chunk) > command.maxOutput) stop(() => caller.tooLarge(attempt));
    });
    hear(child.stderr, (chunk) => {
      if (!over) stderr.addLast(chunk, MAX_COMPLAINT);
    });
    return { kill: () => stop(() => {}) };
  } catch (error) {
    notStarted(error);
    return { kill: () => {} };
  }
}

function spawned(command: Command): ChildProcess {
  const child = childProcess.spawn(command.program, command.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...command.env },
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  watch(child);
  return child;
}

function hear(stream: Readable | null, each: (chunk: Uint8Array) => void): void {
  stream?.on('data', (chunk: unknown) => each(ArrayBuffer.isView(chunk) ? (chunk as Uint8Array) : Buffer.from(String(chunk))));
  // It closes after that, and the child is judged by what it had said.
  stream?.on('error', () => {});
}

/** A number, as the engine takes it. */
function number(given: unknown): number | null {
  return typeof given === 'number' ? given : null;
}

function code(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Ends a child and its group: SIGTERM now, SIGKILL after a grace that nobody waits for. */
function end(child: ChildProcess): void {
  signal(child, 'SIGTERM');
  const later = setTimeout(() => {
    if (child.exitCode == null && child.signalCode == null) signal(child, 'SIGKILL');
    else signalGroup(child, 'SIGKILL');
  }, GRACE_MS);
  (later as Partial<NodeJS.Timeout> | undefined)?.unref?.();
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  try {
    child.kill(name);
  } catch {
    // It cannot be told.
  }
  signalGroup(child, name);
}

/** The group outlives its leader: its descendants are ended, too. */
function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (!child.pid || process.platform === 'win32') return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // Nobody is left in it.
  }
}

function watch(child: ChildProcess): void {
  const { pid } = child;
  if (!pid || process.platform === 'win32') return;
  if (groups.size === 0) process.on('exit', endAll);
  groups.add(pid);
  child.on('close', () => {
    groups.delete(pid);
    if (groups.size === 0) process.off('exit', endAll);
  });
}

function endAll(): void {
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGTERM');
    } catch {
      // It is gone already.
    }
  }
}

/** What a child writes. */
class Chunks {
  #chunks: Uint8Array[] = [];
  #size = 0;

  /** Keeps a chunk and tells how much there is. */
  add(chunk: Uint8Array): number {
    this.#chunks.push(chunk);
    return (this.#size += chunk.length);
  }

  /** Keeps a chunk, and of those before it the last that make up about `most` bytes. */
  addLast(chunk: Uint8Array, most: number): void {
    this.add(chunk);
    while (this.#chunks.length > 1 && this.#size - (this.#chunks[0]?.length ?? 0) >= most) {
      this.#size -= this.#chunks.shift()?.length ?? 0;
    }
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks, this.#size);
  }
}
