// WebAssembly of techniques of the user's own, compiled where it is needed, so that nobody measures what it was before the
// last change.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compileWasm, hasWasmSource } from '../backends/compile-wasm.ts';
import { wasmFile } from '../backends/wasm-file.ts';
import { techniqueFiles } from '../cases/registry.ts';
import { techniqueHash } from '../cases/technique-hash.ts';
import { wasmWidths } from '../contract/runtimes/wasm.ts';

/** `say` is told before each technique that has to be compiled. Throws InputError on a source that doesn't compile. */
export async function compileOwn(folders: readonly string[], say: (what: string) => void): Promise<void> {
  for (const [id, file] of techniqueFiles(folders)) {
    if (!hasWasmSource(dirname(file))) continue;
    const [hash, stamp] = [techniqueHash(file), `${wasmFile(id, 128)}.source`];
    const isThere = [stamp, ...wasmWidths.map((width) => wasmFile(id, width))].every((path) => existsSync(path));
    if (isThere && readFileSync(stamp, 'utf8') === hash) continue;
    say(`compiling ${id}`);
    await compileWasm(dirname(file));
    writeFileSync(stamp, hash);
  }
}
