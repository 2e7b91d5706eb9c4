/**
 * The engine, loaded once for a thread of JavaScript, however often the package is imported and from however many
 * copies of it: two engines would be two queues for one limit.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

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
  exited(attempt: number, code: number | null, stdout: Buffer, stderr: Buffer): void;
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
  if (platform !== 'linux') return `${platform}-${arch}`;
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return `${platform}-${arch}-${report?.header?.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function load(): Addon {
  const name = platform();
  const built = join(__dirname, '..', 'native', `tidegate.${name}.node`);
  if (existsSync(built)) return require(built) as Addon;
  const prebuilt = `@tidegate/${name}`;
  try {
    return require(prebuilt) as Addon;
  } catch (cause) {
    const message = `tidegate has no binary for ${name}: neither ${built} (npm run build makes it) nor the package ${prebuilt}`;
    throw new Error(message, { cause });
  }
}

const shared = globalThis as { [LOADED]?: Addon };

/** The addon. */
export const addon: Addon = (shared[LOADED] ??= load());
