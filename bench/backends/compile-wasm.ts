// Compiles a technique's wasm.as.ts with AssemblyScript into .wasm/<technique>-<width>.wasm. `./tiles` stands for what the
// folder's tiles.gen.ts writes for the width of the vectors the tiles are meant for, in files of other folders too.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { InputError } from '../contract/input-error.ts';
import { type WasmWidth, wasmWidths } from '../contract/runtimes/wasm.ts';
import { setupLine } from '../contract/typed-lines.ts';
import { wasmFile } from './wasm-file.ts';
import { constantsAddress } from './wasm-memory.ts';

/** -O3 chains dependent multiply-adds over unrolled steps and loses a quarter of the speed. */
const OPTIONS = [
  '-O1',
  '--runtime=stub',
  '--noAssert',
  '--importMemory',
  '--importTable',
  '--sharedMemory',
  '--maximumMemory=65536',
  '--enable=simd',
  '--enable=relaxed-simd',
  '--enable=threads',
];

/** The part of asc's API used here; its own types redeclare Node's globals for the whole project. */
interface Compiler {
  main(
    args: readonly string[],
    host: {
      readFile(name: string, base: string): string | null;
      writeFile(name: string, contents: Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

const ASSEMBLYSCRIPT: string = 'assemblyscript/asc';

interface TileModule {
  /** Tiles as AssemblyScript; NR columns stand side by side. */
  generateTiles(NR: number): string;
}

/** Columns of a tile: two registers wide in each width. */
const COLUMNS: { readonly [W in WasmWidth]: number } = { 128: 8, 256: 16 };

/** Folders of the modules that tare ships; `.wasm` may hold others, of the user's own techniques. */
export function shippedWasmFolders(): string[] {
  const bench = dirname(import.meta.dirname);
  const kernels = join(dirname(bench), 'kernels');
  const techniques = readdirSync(kernels).map((id) => join(kernels, id));
  const measures = ['roofline', 'canary'].map((name) => join(bench, 'measure', name));
  return [...techniques, ...measures].filter(hasWasmSource);
}

export function hasWasmSource(folder: string): boolean {
  return existsSync(join(folder, 'wasm.as.ts'));
}

/** For all widths. Throws InputError with what the compiler says of the source. */
export async function compileWasm(folder: string): Promise<void> {
  const compiler = await loadCompiler();
  for (const width of wasmWidths) await compileWidth(compiler, folder, width);
}

/** Throws InputError where it is not installed. */
async function loadCompiler(): Promise<Compiler> {
  try {
    return await import(ASSEMBLYSCRIPT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new InputError(`assemblyscript: must be installed to compile wasm.as.ts, got none; ${setupLine('wasm')}`);
  }
}

async function compileWidth(compiler: Compiler, folder: string, width: WasmWidth): Promise<void> {
  const technique = basename(folder);
  const generator = join(folder, 'tiles.gen.ts');
  const tiles: TileModule | undefined = existsSync(generator) ? await import(pathToFileURL(generator).href) : undefined;
  const target = wasmFile(technique, width);
  const place = ['--memoryBase', `${constantsAddress(technique)}`];
  const { error, stderr } = await compiler.main(['wasm.as.ts', ...OPTIONS, ...place, '--outFile', 'out.wasm'], {
    readFile: (name, base) => {
      if (basename(name) === 'tiles.ts') return tiles?.generateTiles(COLUMNS[width]) ?? null;
      const file = join(name.startsWith('node_modules') ? (base ?? '') : folder, name);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    writeFile: (_, contents) => {
      mkdirSync(dirname(target), { recursive: true });
      // Whole or not at all: another process may be about to load it.
      const fresh = `${target}.${process.pid}`;
      writeFileSync(fresh, contents);
      renameSync(fresh, target);
    },
    listFiles: () => [],
  });
  if (error === null) return;
  throw new InputError(`${join(folder, 'wasm.as.ts')}: must compile, got ${stripVTControlCharacters(`${stderr}`)}`);
}
