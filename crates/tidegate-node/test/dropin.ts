/** A home for the drop-in's configuration, and a `python` that is a script of one's own. */

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { executeLiteLLMEndpoint, type CliOutputUnit, type LiteLLMExecutionOptions } from 'tidegate/tools/litellm-executor';

export interface Entry {
  apiKey?: string;
  apiBase?: string;
  type?: string;
  cache?: boolean;
}

export interface Home {
  path: string;
  /** The project's directory. */
  project: string;
  /** Writes the configuration: an endpoint for each entry, its provider being called `Provider ID`. */
  write(entries: Record<string, Entry>): void;
  /** Makes a call with the script as `python`. */
  call(script: string, options?: Partial<LiteLLMExecutionOptions>): ReturnType<typeof executeLiteLLMEndpoint>;
}

/** One home at a time for `tests` in it: the place of the configuration is a variable of the process. */
export async function atHome<T>(test: (home: Home) => Promise<T>): Promise<T> {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'tidegate-node-')));
  const project = join(path, 'project');
  mkdirSync(join(path, 'config'));
  mkdirSync(project);
  process.env['CCW_DATA_DIR'] = path;
  let scripts = 0;
  const home: Home = {
    path,
    project,
    write(entries) {
      const providers = Object.entries(entries).map(([id, { cache: _, ...entry }]) => ({
        id: `p-${id}`, name: `Provider ${id}`, type: 'openai', enabled: true, ...entry,
      }));
      const endpoints = Object.entries(entries).map(([id, { cache }]) => ({
        id, providerId: `p-${id}`, model: 'gpt-4o', enabled: true,
        cacheStrategy: { enabled: cache ?? false, ttlMinutes: 60, maxSizeKB: 8, filePatterns: [] },
      }));
      writeFileSync(join(path, 'config', 'litellm-api-config.json'), JSON.stringify({ version: 1, providers, endpoints }));
    },
    call(script, options = {}) {
      const python = join(path, `python-${(scripts += 1)}`);
      writeFileSync(python, `#!/bin/sh\n${script}\n`);
      chmodSync(python, 0o755);
      return executeLiteLLMEndpoint({ prompt: 'hi', endpointId: 'e', baseDir: project, python, ...options });
    },
  };
  try {
    home.write({ e: { apiKey: 'sk-test-1234' } });
    return await test(home);
  } finally {
    delete process.env['CCW_DATA_DIR'];
    rmSync(path, { recursive: true, force: true });
  }
}

/** Hears the lines of a call. */
export function ear(): { lines: string[]; onOutput: (unit: CliOutputUnit) => void } {
  const lines: string[] = [];
  return { lines, onOutput: ({ type, content }) => lines.push(`${type}: ${content}`) };
}
