// The kernel modules as one script for a browser: what Node runs, put together, with no second implementation.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { Plugin } from 'esbuild';
import { InputError } from '../../contract/input-error.ts';
import { IS_PACKAGE, moduleFile } from '../../contract/module-file.ts';
import { contractModule } from '../../contract/own-import.ts';
import { setupLine } from '../../contract/typed-lines.ts';

/** Of tare's own techniques. */
const KERNELS = dirname(moduleFile('../../../kernels/contract.ts', import.meta.filename)) + sep;

/** Where the package has the script of a page, which it was made with. */
export function builtBundle(main: string): string {
  return main.replace(/\.js$/, '.bundle.js');
}

function findBuilt(main: string): Promise<string> | undefined {
  return IS_PACKAGE && existsSync(builtBundle(main)) ? readFile(builtBundle(main), 'utf8') : undefined;
}

/** A worker: the default export of `main` is called with all techniques by id, out of the module of each. */
export function bundleWorker(main: string, techniques: ReadonlyMap<string, string>): Promise<string> {
  const files = [...techniques];
  const built = files.every(([, file]) => file.startsWith(KERNELS)) ? findBuilt(main) : undefined;
  if (built !== undefined) return built;
  const imports = files.map(([, file], i) => `import technique${i} from ${JSON.stringify(file)};`);
  const entries = files.map(([id], i) => `[${JSON.stringify(id)}, technique${i}]`);
  return bundle(
    [`import start from ${JSON.stringify(main)};`, ...imports, `start(new Map([${entries.join(', ')}]));`].join('\n'),
  );
}

export function bundleScript(main: string): Promise<string> {
  return findBuilt(main) ?? bundle(`import ${JSON.stringify(main)};`);
}

/** gpu.js compiles kernels out of their own text, so it is left as it was written. */
async function bundle(entry: string): Promise<string> {
  const { build } = await loadEsbuild();
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: dirname(import.meta.dirname), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    minify: false,
    keepNames: false,
    logLevel: 'silent',
    plugins: [ownImports, leaveNodeAlone],
  });
  return outputFiles[0].text;
}

/** Throws InputError where it is not installed. */
async function loadEsbuild() {
  try {
    return await import('esbuild');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new InputError(`esbuild: must be installed to put pages together, got none; ${setupLine('pages')}`);
  }
}

/** Techniques of one's own import tare's contract by name. */
const ownImports: Plugin = {
  name: 'own-imports',
  setup(build) {
    build.onResolve({ filter: /^tare(\/|$)/ }, ({ path }) => {
      const own = contractModule(path);
      return own === undefined ? undefined : { path: own };
    });
  },
};

/** Some modules load what only Node has when they find themselves there; gpu.js alone is loaded in both. */
const leaveNodeAlone: Plugin = {
  name: 'leave-node-alone',
  setup(build) {
    build.onResolve({ filter: /.*/ }, ({ kind, path }) =>
      kind === 'dynamic-import' && path !== 'gpu.js' ? { path, external: true } : undefined,
    );
  },
};
