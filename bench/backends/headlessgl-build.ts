// What the package `gl` is built with; run as a program, builds it: `npm run headlessgl:install`.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../.headlessgl');

/** Debian's package of each command and of each library's headers. */
const COMMANDS = { 'pkg-config': 'pkg-config', 'g++': 'g++', make: 'make', python3: 'python3' };
const LIBRARIES = { x11: 'libx11-dev', xi: 'libxi-dev', xext: 'libxext-dev', gl: 'libgl-dev' };

/** Debian packages without which `gl` can't be built here; empty on systems that bring what it needs. */
export function missingToBuild(): string[] {
  if (process.platform !== 'linux') return [];
  const commands = Object.entries(COMMANDS).filter(([command]) => !runs(command, '--version'));
  const libraries = Object.entries(LIBRARIES).filter(([library]) => !runs('pkg-config', '--exists', library));
  return [...commands, ...libraries].map(([, debianPackage]) => debianPackage);
}

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Headers of the Node that runs this, where its package brings them: those of another would give a useless library. */
function headersOption(): string[] {
  const { platform, arch, execPath } = process;
  const folder = join(dirname(execPath), '../node_modules', `node-${platform === 'win32' ? 'win' : platform}-${arch}`);
  return existsSync(join(folder, 'include/node/node.h')) ? [`--nodedir=${folder}`] : [];
}

if (import.meta.main) {
  try {
    const args = ['ci', '--prefix', FOLDER, '--foreground-scripts', ...headersOption()];
    // node-gyp compiles one file at a time where it is not told otherwise.
    const env = { JOBS: 'max', ...process.env };
    execFileSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32', env });
  } catch {
    const missing = missingToBuild();
    const mend = missing.length > 0 ? `apt-get install ${missing.join(' ')}` : "see npm's output above";
    process.stderr.write(`headlessgl:install: gl must build, got an error; ${mend}\n`);
    process.exitCode = 1;
  }
}
