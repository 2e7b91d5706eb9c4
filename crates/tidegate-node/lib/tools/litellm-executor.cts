/**
 * The drop-in: the call as the first users of this function make it. What it does is decided by the engine; what
 * happens in JavaScript is that commands are started, timed and ended.
 */

import { addon, type Message, type NativeCaller } from '../addon.cjs';
import { Pending } from '../pending.cjs';
import { hear } from '../turns.cjs';
import { kind, words, written } from '../written.cjs';
import { start, type Command, type Running } from './command.cjs';

/** A line of what happens: the answer on `stdout`, everything else on `stderr`. */
export interface CliOutputUnit {
  type: 'stdout' | 'stderr';
  content: string;
  /** ISO 8601. */
  timestamp: string;
}

/** What is asked, of whom, and how patiently. */
export interface LiteLLMExecutionOptions {
  prompt: string;
  /** The id of an endpoint in `litellm-api-config.json`. */
  endpointId: string;
  /** The project: its files can be named after those of `cwd` and `includeDirs`. */
  baseDir: string;
  /** Where `@patterns` are looked up; the working directory of the process unless given. */
  cwd?: string | undefined;
  includeDirs?: string[] | undefined;
  /** Whether files named in the prompt are put before it; as the endpoint says unless given. */
  enableCache?: boolean | undefined;
  /** Another model than the endpoint's. */
  model?: string | undefined;
  onOutput?: ((unit: CliOutputUnit) => void) | undefined;
  /** How often a failed attempt is repeated: 0 unless given. */
  maxRetries?: number | undefined;
  /** The delay before the first retry in milliseconds, doubled with each: 1,000 unless given. */
  retryBaseDelayMs?: number | undefined;
  /** `http` sends natively, without Python; as `TIDEGATE_TRANSPORT` says unless given. */
  transport?: 'command' | 'http' | undefined;
  /** The Python interpreter: `python` unless given. */
  python?: string | undefined;
}

/** What became of it. */
export interface LiteLLMExecutionResult {
  success: boolean;
  output: string;
  model: string;
  provider: string;
  cacheUsed: boolean;
  cachedFiles?: string[];
  error?: string;
}

interface Waiting {
  resolve(result: LiteLLMExecutionResult): void;
  onOutput: ((unit: CliOutputUnit) => void) | undefined;
}

const calls = new Pending<Waiting>();
const commands = new Map<number, Running>();

function deliver([whom, what, says]: Message): void {
  switch (what) {
    case 'line':
      return line(calls.get(whom)?.onOutput, says as Line);
    case 'result':
      return calls.leave(whom)?.resolve(says as LiteLLMExecutionResult);
    case 'spawn': {
      let over = false;
      const running = start(caller, whom, says as Command, () => {
        over = true;
        commands.delete(whom);
      });
      if (!over) commands.set(whom, running);
      return;
    }
    case 'kill':
      return commands.get(whom)?.kill();
  }
}

const caller: NativeCaller = new addon.Caller(hear(() => caller, deliver));

type Line = Pick<CliOutputUnit, 'type' | 'content'>;

function line(onOutput: Waiting['onOutput'], said: Line): void {
  if (!onOutput) return;
  try {
    const heard: unknown = onOutput({ ...said, timestamp: new Date().toISOString() });
    if (heard instanceof Promise) heard.catch(() => {});
  } catch {
    // A listener's mistake is not the call's.
  }
}

/** Asks an endpoint. Always resolves: what went wrong stands in `error`. */
export async function executeLiteLLMEndpoint(options: LiteLLMExecutionOptions): Promise<LiteLLMExecutionResult> {
  try {
    return await made(options);
  } catch (error) {
    return failed(words(error));
  }
}

function made(options: LiteLLMExecutionOptions): Promise<LiteLLMExecutionResult> {
  const { onOutput, cwd, ...asked } = options ?? {};
  if (onOutput != null && typeof onOutput !== 'function') throw new TypeError('wrong options: `onOutput` must be a function');
  const wanted = written('wrong options', { ...asked, cwd: cwd ?? process.cwd() });
  const environment = JSON.stringify(process.env);
  return new Promise((resolve) => {
    const id = calls.enter({ resolve, onOutput });
    try {
      caller.call(id, wanted, environment);
    } catch (error) {
      calls.leave(id)?.resolve(failed(words(error)));
    }
  });
}

function failed(error: string): LiteLLMExecutionResult {
  return { success: false, output: '', model: '', provider: '', cacheUsed: false, error };
}

/** The `@patterns` of a prompt, at sign included. @throws {TypeError} where the prompt is no text. */
export function extractPatterns(prompt: string): string[] {
  if (typeof prompt !== 'string') throw new TypeError(`the prompt must be a text, found ${kind(prompt)}`);
  return addon.Caller.patterns(prompt);
}
