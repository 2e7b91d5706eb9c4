// Runs the tests of both doors against the built package, the simulator and real children: node scripts/test.mjs [FILES]
// Needs `npm run build` before, and Rust for the simulator.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function simulator() {
  const args = ['build', '--locked', '--quiet', '-p', 'tidegate-simulator', '--message-format=json-render-diagnostics'];
  const stdio = ['ignore', 'pipe', 'inherit'];
  const { status, stdout, error } = spawnSync('cargo', args, { cwd: root, stdio, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (error || status !== 0) throw new Error(`cargo could not build the simulator: ${error?.message ?? status}`);
  const artifacts = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return artifacts.map(({ executable }) => executable).find(Boolean);
}

const asked = process.argv.slice(2);
const all = () => readdirSync(join(root, 'test')).filter((name) => name.endsWith('.test.ts')).map((name) => join('test', name));
const env = { ...process.env, TIDEGATE_SIMULATOR: process.env.TIDEGATE_SIMULATOR ?? simulator() };
const args = ['--import', 'tsx', '--expose-gc', '--test', ...(asked.length > 0 ? asked : all())];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env });
process.exitCode = status ?? 1;
