/** What the README shows of both doors runs as it stands there. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { claim } from './claims.ts';
import { atHome } from './dropin.ts';
import { simulator } from './simulator.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
const examples = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code ?? '');

async function run(code: string, env: Record<string, string>): Promise<string> {
  const args = ['--input-type=module', '--eval', code];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  return printed;
}

claim('the native door as the README shows it', async () => {
  const running = await simulator('503; ok=Hello; ok="one two"');
  try {
    const env = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${running.url}/v1`, XDG_CONFIG_HOME: '/nowhere', HOME: '/nowhere' };
    const printed = await run(examples.find((code) => code.includes('new Executor')) ?? '', env);
    assert.match(printed, /^Hello \{[^]*\} 2\none two$/);
  } finally {
    running.stop();
  }
});

claim('the drop-in as the README shows it', () =>
  atHome(async (home) => {
    const running = await simulator('ok=reviewed');
    try {
      home.write({ 'my-gpt4o': { apiKey: 'sk-test-1234', apiBase: `${running.url}/v1` } });
      const code = examples.find((code) => code.includes('executeLiteLLMEndpoint')) ?? '';
      assert.equal(await run(code, { TIDEGATE_TRANSPORT: 'http' }), 'reviewed');
    } finally {
      running.stop();
    }
  }));
