/** The simulator as a process of its own, and executors that ask it. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { Executor } from 'tidegate';

/** A simulator that answers by `script`. */
export interface Simulator {
  url: string;
  stats(): Promise<{ requests: number }>;
  stop(): void;
}

export async function simulator(script = '', ...options: string[]): Promise<Simulator> {
  const program = process.env['TIDEGATE_SIMULATOR'];
  if (!program) throw new Error('TIDEGATE_SIMULATOR names no simulator: run the tests with `npm test`');
  const args = script === '' ? options : ['--script', script, ...options];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [line] = await new Promise<string[]>((resolve, reject) => {
    lines.once('line', (line) => resolve([line]));
    child.once('exit', () => reject(new Error('the simulator did not start')));
  });
  const url = line?.split(' ').at(-1) ?? '';
  const stats = async () => (await (await fetch(`${url}/stats`)).json()) as { requests: number };
  return { url, stats, stop: () => child.kill() };
}

/** A configuration with the endpoint `e` at this simulator. */
export function config(url: string, endpoint: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    providers: { sim: { type: 'openai-compatible', base_url: `${url}/v1`, api_key: 'sk-test-1234' } },
    endpoints: { e: { provider: 'sim', model: 'm', ...endpoint } },
  };
}

/** Asks a simulator of its own that answers by `script`. */
export async function asking<T>(
  script: string,
  ask: (executor: Executor, simulator: Simulator) => Promise<T>,
): Promise<T> {
  const running = await simulator(script);
  try {
    return await ask(new Executor({ config: config(running.url) }), running);
  } finally {
    running.stop();
  }
}
