// Compiles kernels/*/wasm.as.ts with AssemblyScript into .wasm/<technique>-<width>.wasm. `./tiles` stands for what the
// folder's tiles.gen.ts writes for the width of the vectors the tiles are meant for.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { wasmFile } from './backends/wasm-file.ts';
import { KERNELS_DIR } from './cases/registry.ts';
import { type WasmWidth, wasmWidths } from './contract/runtimes/wasm.ts';

/** -O3 chains dependent multiply-adds over unrolled steps and loses a quarter of the speed. */
const OPTIONS = [
  '-O1',
  '--runtime=stub',
  '--noAssert',
  '--importMemory',
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
const compiler: Compiler = await import(ASSEMBLYSCRIPT);

interface TileModule {
  /** Tiles as AssemblyScript; NR columns stand side by side. */
  generateTiles(NR: number): string;
}

/** Columns of a tile: two registers wide in each width. */
const COLUMNS: { readonly [W in WasmWidth]: number } = { 128: 8, 256: 16 };

const kernels = readdirSync(KERNELS_DIR).map((technique) => join(KERNELS_DIR, technique));
const probes = ['roofline', 'canary'].map((name) => join(import.meta.dirname, 'measure', name));
for (const folder of [...kernels, ...probes]) {
  if (!existsSync(join(folder, 'wasm.as.ts'))) continue;
  for (const width of wasmWidths) await compile(folder, width);
}

async function compile(folder: string, width: WasmWidth): Promise<void> {
  const technique = basename(folder);
  const generator = join(folder, 'tiles.gen.ts');
  const tiles: TileModule | undefined = existsSync(generator) ? await import(pathToFileURL(generator).href) : undefined;
  const target = wasmFile(technique, width);
  const { error, stderr } = await compiler.main(['wasm.as.ts', ...OPTIONS, '--outFile', 'out.wasm'], {
    readFile: (name, base) => {
      if (name === 'tiles.ts') return tiles?.generateTiles(COLUMNS[width]) ?? null;
      const file = join(name.startsWith('node_modules') ? (base ?? '') : folder, name);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    writeFile: (_, contents) => {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, contents);
    },
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${technique}: must compile\n${stderr.toString()}`);
}
