// npm run build:wasm: compiles tare's own WebAssembly kernels, or those of the folders that are named.
import { dirname } from 'node:path';
import { compileWasm, hasWasmSource, shippedWasmFolders } from './backends/compile-wasm.ts';
import { KERNELS_DIR, techniqueFiles } from './cases/registry.ts';
import { enterUsersFolder } from './commands/users-folder.ts';
import { InputError } from './contract/input-error.ts';

enterUsersFolder();
const named = process.argv.slice(2);
try {
  for (const folder of named.length > 0 ? foldersOfTechniques(named) : shippedWasmFolders()) await compileWasm(folder);
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`build:wasm: ${error.message}\n`);
  process.exitCode = 2;
}

/** Names that tare has are refused: their compiled files would take the place of tare's. */
function foldersOfTechniques(folders: readonly string[]): string[] {
  const own = techniqueFiles([KERNELS_DIR]);
  const all = [...techniqueFiles([KERNELS_DIR, ...folders])];
  return all
    .filter(([id]) => !own.has(id))
    .map(([, file]) => dirname(file))
    .filter(hasWasmSource);
}
