// npm run contract -- <folder…>: puts techniques of your own to the contract, on the backends that every machine has.
import { backendOf } from '../bench/backends/backend.ts';
import { KERNELS_DIR, loadTechniques, techniqueFiles } from '../bench/cases/registry.ts';
import { enterUsersFolder } from '../bench/commands/users-folder.ts';
import type { NodeBackend } from '../bench/contract/backend.ts';
import { InputError } from '../bench/contract/input-error.ts';
import { compileOwn } from '../bench/run/compile-own.ts';
import { checkContract } from './contract.ts';

const BACKENDS = ['ts', 'wasm', 'wasm-mt', 'gpujs-cpu'];

enterUsersFolder();
try {
  await checkFolders(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`contract: ${error.message}\n`);
  process.exitCode = 2;
}

async function checkFolders(folders: readonly string[]): Promise<void> {
  if (folders.length === 0) throw new InputError('folder: must be one that --kernels takes, got none');
  const shipped = techniqueFiles([KERNELS_DIR]);
  const all = await loadTechniques([KERNELS_DIR, ...folders]);
  const techniques = new Map([...all].filter(([id]) => !shipped.has(id)));
  await compileOwn(folders, () => {});
  for (const id of BACKENDS) {
    const { kind, open, threads } = backendOf(id) as NodeBackend;
    const runtime = await open(threads(2));
    const trials = threads(2) > 1 ? 'common' : 'all';
    const outcomes = await checkContract({ kind, techniques, runtime, mustHaveAll: false, trials });
    if (outcomes.length === 0) continue;
    const broken = outcomes.filter(({ failures }) => failures.length > 0);
    process.stdout.write(`${id}: ${outcomes.length - broken.length} of ${outcomes.length} trials hold\n`);
    for (const { name, failures } of broken) process.stdout.write(`  ${name}: ${failures.join('; ')}\n`);
    if (broken.length > 0) process.exitCode = 1;
  }
  // Threads wait for work as long as the process lives.
  process.exit();
}
