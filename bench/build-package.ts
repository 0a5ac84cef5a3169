// npm run build:package: writes `.package`, a folder that `npm pack` makes a package of. Every module stands in it where it
// stands here, compiled on its own: gpu.js reads the text of kernels, and paths between modules stay what they are.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire, findPackageJSON } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtBundle, bundleScript, bundleWorker } from './backends/browser/bundle.ts';
import { MEASURING_SCRIPT, WEIGHING_WORKER } from './backends/browser/routes.ts';
import { shippedWasmFolders } from './backends/compile-wasm.ts';
import { wasmFile } from './backends/wasm-file.ts';
import { KERNELS_DIR, PROJECT, techniqueFiles } from './cases/registry.ts';
import { InputError } from './contract/input-error.ts';
import { optionalParts } from './contract/optional-parts.ts';
import { wasmWidths } from './contract/runtimes/wasm.ts';
import { PAGE_SCRIPT as REPORT_SCRIPT } from './report/html/document.ts';
import { gitState } from './run/git-state.ts';
import { SERVED_SCRIPT } from './serve/routes.ts';

const OUT = join(PROJECT, '.package');
/** Files beside modules that modules read. Vectors, goldens and logs are of tests, training and readers alone. */
const DATA = /\.(css|html|sql|txt|tsv|json|br|safetensors)$|runs\.jsonl$|LICENSE/;
const OF_TESTS = /golden|vectors|small-llama|tsconfig|^fixtures/;
/** What can be imported, as the manifest's `exports` say. */
const IMPORTABLE = /^bench.(api.tare|contract.*)\.d\.ts$/;
/** Optional: what needs them says how they are installed. */
const PEERS = [...new Set(Object.values(optionalParts).flatMap(({ packages }) => packages))].sort();
/** The oldest that runs TypeScript and has the hooks by which techniques find tare. */
const NODE = '>=22.18';

interface Manifest {
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

rmSync(OUT, { recursive: true, force: true });
compile();
keepDeclarations();
for (const folder of ['bench', 'kernels', 'suites']) copyData(folder);
copyWasm();
await bundlePages();
for (const folder of ['docs', 'results']) copyTexts(folder);
for (const file of ['README.md', 'LICENSE']) copyFileSync(join(PROJECT, file), join(OUT, file));
bundleGpuJs();
writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);

function compile(): void {
  const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
  const compiler = join(dirname(typescript), readJson(typescript).bin.tsc);
  const config = join(import.meta.dirname, 'tsconfig.package.json');
  const { status } = spawnSync(process.execPath, [compiler, '-p', config], { stdio: 'inherit' });
  if (status !== 0) throw new InputError('build:package: modules must compile; npm run check says what is wrong');
}

/** Of what can be imported, and of what those speak of. */
function keepDeclarations(): void {
  const all = readdirSync(OUT, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.d.ts'));
  const kept = new Set<string>();
  const keep = (file: string) => {
    if (kept.has(file)) return;
    kept.add(file);
    const specifiers = readFileSync(join(OUT, file), 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.ts['"]/g);
    for (const [, specifier] of specifiers) keep(join(dirname(file), `${specifier}.d.ts`));
  };
  for (const file of all.filter((file) => IMPORTABLE.test(file))) keep(file);
  for (const file of all.filter((file) => !kept.has(file))) rmSync(join(OUT, file));
}

function copyData(folder: string): void {
  for (const file of readdirSync(join(PROJECT, folder), { recursive: true, encoding: 'utf8' })) {
    if (DATA.test(file) && !OF_TESTS.test(file)) copy(join(folder, file));
  }
}

function copyTexts(folder: string): void {
  const files = readdirSync(join(PROJECT, folder)).filter((file) => /\.md$|^(baseline|nightly-costs)\.csv$/.test(file));
  for (const file of files) copy(join(folder, file));
}

function copy(file: string): void {
  mkdirSync(dirname(join(OUT, file)), { recursive: true });
  copyFileSync(join(PROJECT, file), join(OUT, file));
}

/** Of tare's own modules: what else was compiled here is somebody's own. */
function copyWasm(): void {
  mkdirSync(join(OUT, '.wasm'));
  for (const folder of shippedWasmFolders()) {
    for (const width of wasmWidths) {
      const file = wasmFile(basename(folder), width);
      copyFileSync(file, join(OUT, '.wasm', basename(file)));
    }
  }
}

/** Scripts of pages, put together beforehand: with techniques of one's own it takes esbuild. */
async function bundlePages(): Promise<void> {
  for (const main of [MEASURING_SCRIPT, SERVED_SCRIPT, REPORT_SCRIPT]) keepBundle(main, await bundleScript(main));
  keepBundle(WEIGHING_WORKER, await bundleWorker(WEIGHING_WORKER, techniqueFiles([KERNELS_DIR])));
}

function keepBundle(main: string, script: string): void {
  writeFileSync(builtBundle(join(OUT, relative(PROJECT, main)).replace(/\.ts$/, '.js')), script);
}

/**
 * gpu.js demands an older Dawn of 80 MB and a compiler for OpenGL, and another project's package.json can't override that. So it
 * travels inside of the package, as it is but for what it demands; `webgpu` is a peer of tare's.
 */
function bundleGpuJs(): void {
  const from = join(PROJECT, 'node_modules', 'gpu.js');
  const to = join(OUT, 'node_modules', 'gpu.js');
  const { name, version, license, main, browser, dependencies } = readJson(join(from, 'package.json'));
  const { webgpu, ...needed } = dependencies;
  for (const part of ['src', 'LICENSE', 'README.md']) cpSync(join(from, part), join(to, part), { recursive: true });
  mkdirSync(join(to, 'dist'));
  copyFileSync(join(from, 'dist', 'gpu-browser.js'), join(to, 'dist', 'gpu-browser.js'));
  const kept = { name, version, license, main, browser, dependencies: needed };
  writeFileSync(join(to, 'package.json'), `${JSON.stringify(kept, null, 2)}\n`);
  for (const id of Object.keys(needed))
    cpSync(join(dirname(from), id), join(dirname(to), id), { recursive: true, dereference: true });
}

function manifest(): object {
  const { version, description, license, dependencies, devDependencies }: Manifest = readJson(
    join(PROJECT, 'package.json'),
  );
  const state = gitState();
  const isPeer = ([name]: [string, string]) => PEERS.includes(name);
  const apart = ['duckdb', 'queue'].map((name): Manifest => readJson(join(PROJECT, '.peers', name, 'package.json')));
  const all = Object.assign({}, dependencies, devDependencies, ...apart.map((manifest) => manifest.dependencies));
  const known = Object.entries<string>(all).sort();
  return {
    name: 'tare',
    version,
    description,
    license,
    type: 'module',
    engines: { node: NODE },
    bin: { tare: 'bench/main.js' },
    exports: {
      '.': { types: './bench/api/tare.d.ts', default: './bench/api/tare.js' },
      './package.json': './package.json',
      './*': { types: './bench/contract/*.d.ts', default: './bench/contract/*.js' },
    },
    dependencies: Object.fromEntries(Object.entries(dependencies).filter((entry) => !isPeer(entry))),
    bundleDependencies: ['gpu.js'],
    peerDependencies: Object.fromEntries(known.filter(isPeer)),
    peerDependenciesMeta: Object.fromEntries(PEERS.map((name) => [name, { optional: true }])),
    // What `tare setup` says it brings: as installed here, with what they depend on.
    tare: { megabytes: Object.fromEntries(PEERS.map((name) => [name, installedMegabytes(name)])) },
    // The commit of the sources, where there is one that they are.
    ...(state === undefined || state.dirty ? {} : { gitHead: state.commit }),
  };
}

/** Undefined where it is not installed. */
function installedMegabytes(name: string): number | undefined {
  const files = new Set<string>();
  const add = (dependency: string, from: string) => {
    let file: string | undefined;
    try {
      file = findPackageJSON(dependency, pathToFileURL(from));
    } catch {}
    if (file === undefined || files.has(file)) return;
    files.add(file);
    const { dependencies, optionalDependencies } = readJson(file);
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) add(next, file);
  };
  add(name, join(PROJECT, '.peers', 'duckdb', 'package.json'));
  const bytes = [...files].map(dirname).reduce((sum, folder) => sum + bytesIn(folder), 0);
  return files.size === 0 ? undefined : Math.ceil(bytes / 1e6);
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function readJson(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
