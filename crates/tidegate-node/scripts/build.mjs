// Builds the package: the addon with cargo, the rest with tsc. `--debug` for an addon that is built faster.
// Needs Rust (see rust-version in the workspace) and what `npm ci` installs.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const profile = process.argv.includes('--debug') ? 'dev' : 'release';

function run(command, args, options = {}) {
  const { status, error, stdout } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw new Error(`cannot run ${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
  return stdout;
}

/** Where cargo put the addon, by its own word: the target directory is not always the workspace's. */
function addon() {
  const args = ['build', '--locked', '--quiet', '--profile', profile, '-p', 'tidegate-node', '--message-format=json-render-diagnostics'];
  const stdio = ['ignore', 'pipe', 'inherit'];
  const told = run('cargo', args, { stdio, encoding: 'utf8', maxBuffer: 64 << 20 });
  const artifacts = told.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const built = artifacts.filter(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'tidegate_node');
  const library = built.flatMap(({ filenames }) => filenames).find((name) => /\.(so|dylib|dll)$/.test(name));
  if (!library) throw new Error('cargo did not say where the addon is');
  return library;
}

function platform() {
  if (process.platform !== 'linux') return `${process.platform}-${process.arch}`;
  const libc = process.report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl';
  return `linux-${process.arch}-${libc}`;
}

const native = join(root, 'native');
mkdirSync(native, { recursive: true });
const place = join(native, `tidegate.${platform()}.node`);
// Beside it and then in its place: a process that has the old one loaded keeps it.
copyFileSync(addon(), `${place}.${process.pid}`);
renameSync(`${place}.${process.pid}`, place);

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
run(process.execPath, [tsc, '-p', 'tsconfig.json']);
