/**
 * The engine, loaded once for a thread of JavaScript, however often the package is imported and from however many
 * copies of it: two engines would be two queues for one limit.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { words } from './written.cjs';

/** Told that there is something to take. */
export type Deliver = () => void;

/** What has happened: to whom, what, its words, and the place of its bytes, where there are any. */
export type Message = [whom: number, what: string, says: unknown, at?: number];

/** The oldest of what has happened. */
export interface Portion {
  /** {@link Message}s, as JSON. */
  told: string;
  /** Those of messages that have any. */
  bytes: Buffer[];
  /** There is another portion. */
  more: boolean;
}

/** The engine behind the drop-in. */
export interface NativeCaller {
  take(): Portion;
  call(id: number, options: string, environment: string): void;
  started(attempt: number): void;
  exited(attempt: number, code: number | null, signal: number | null, stdout: Buffer, stderr: Buffer): void;
  failed(attempt: number, code: string, message: string): void;
  timedOut(attempt: number, afterMs: number): void;
  tooLarge(attempt: number): void;
}

/** The engine behind an executor. */
export interface NativeEngine {
  /** What the caller should know of how it was put together. */
  readonly warning?: string | null;
  take(): Portion;
  /** A line for each run: its number, `run`, `embed` or `stream`, and its request as JSON. */
  begin(lines: string): void;
  pull(id: number): void;
  cancel(id: number): void;
  listen(on: boolean): void;
  events(): string;
}

/** What the addon exports. */
export interface Addon {
  Caller: { new (deliver: Deliver): NativeCaller; patterns(prompt: string): string[] };
  Engine: new (options: string, environment: string, deliver: Deliver) => NativeEngine;
}

const LOADED = Symbol.for('tidegate.addon.1');

/** What this platform's prebuilt binary is called: `linux-x64-gnu`, `darwin-arm64`, `win32-x64`. */
function platform(): string {
  const { platform, arch } = process;
  return platform === 'linux' ? `${platform}-${arch}-${libc()}` : `${platform}-${arch}`;
}

function libc(): 'gnu' | 'musl' {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  // Or it asks for the name of every peer that the process is connected to.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  report.excludeNetwork = before as boolean;
  return header?.glibcVersionRuntime ? 'gnu' : 'musl';
}

function load(): Addon {
  const name = platform();
  const built = join(__dirname, '..', 'native', `tidegate.${name}.node`);
  const prebuilt = `@tidegate/${name}`;
  const from = existsSync(built) ? built : prebuilt;
  try {
    return require(from) as Addon;
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'MODULE_NOT_FOUND';
    const message = missing
      ? `tidegate has no binary for ${name}: neither ${built} (npm run build makes it) nor the package ${prebuilt}`
      : `tidegate's binary cannot be loaded, build or install it anew: ${words(cause)} (${from})`;
    throw new Error(message, { cause });
  }
}

const shared = globalThis as { [LOADED]?: Addon };

/** The addon. */
export const addon: Addon = (shared[LOADED] ??= load());
