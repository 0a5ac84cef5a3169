// Which code a kernel is made of: its file and all that it imports, the runtime it is handed, its compiled WebAssembly,
// and the lockfile where a package does the work. Where none of it differs, there is nothing to compare.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { backendOf, backends } from '../../backends/backend.ts';
import { followImports, importsOf } from '../../cases/module-imports.ts';
import type { KernelKind } from '../../contract/runtimes/runtimes.ts';
import { wasmWidths } from '../../contract/runtimes/wasm.ts';
import { shortHash } from '../../run/environment.ts';
import type { ComparedCase, Projects } from './compared-case.ts';

/** By which name a technique's folder has the kernel of a kind; technique.ts imports those of all kinds. */
function kernelFile(kind: KernelKind): string {
  return kind === 'gpujs' ? 'gpu.ts' : `${kind}.ts`;
}

/** What opens the runtime of a kind; the others are opened by packages, or by code that is not told apart. */
const RUNTIME_FILES: { readonly [Kind in KernelKind]?: string } = {
  wasm: join('bench', 'backends', 'wasm.ts'),
  gpujs: join('bench', 'backends', 'gpujs.ts'),
  wgsl: join('bench', 'backends', 'gpujs-wgsl.ts'),
};

/** The cases whose code differs between the two projects. */
export function changedCases(cases: readonly ComparedCase[], { base, head }: Projects): ComparedCase[] {
  const changed = new Map<string, boolean>();
  return cases.filter(({ case: { technique, backend } }) => {
    const key = `${technique}:${backend}`;
    if (!changed.has(key)) changed.set(key, hashCode(base, technique, backend) !== hashCode(head, technique, backend));
    return changed.get(key);
  });
}

function hashCode(project: string, technique: string, backend: string): string {
  const { kind } = backendOf(backend);
  const files = filesOf(project, technique, kind);
  const contents = [...files].sort().flatMap((file) => [relative(project, file), readFileSync(file)]);
  if (kind === 'ts') return shortHash(...contents);
  if (kind === 'wasm') return shortHash(...contents, ...compiledModules(project, files));
  return shortHash(...contents, readFileSync(join(project, 'package-lock.json')), ...peerLockfile(project));
}

function filesOf(project: string, technique: string, kind: KernelKind): Set<string> {
  const declaration = join(project, 'kernels', technique, 'technique.ts');
  const otherKinds = backends.map((backend) => backend.kind).filter((other) => other !== kind);
  const ofOtherKinds = otherKinds.map((other) => join(dirname(declaration), kernelFile(other)));
  const files = new Set<string>();
  if (!existsSync(declaration)) return files;
  files.add(declaration);
  for (const file of importsOf(declaration)) if (!ofOtherKinds.includes(file)) followImports(file, files);
  if (kind !== 'ts')
    followImports(join(project, RUNTIME_FILES[kind] ?? join('bench', 'backends', 'backend.ts')), files);
  return files;
}

/** Of every technique that the files belong to: kernels may open each other's modules. */
function compiledModules(project: string, files: ReadonlySet<string>): Buffer[] {
  const kernels = join(project, 'kernels') + sep;
  const inKernels = [...files].filter((file) => file.startsWith(kernels));
  const techniques = new Set(inKernels.map((file) => file.slice(kernels.length).split(sep)[0]));
  const modules = [...techniques].sort().flatMap((technique) => {
    return wasmWidths.map((width) => join(project, '.wasm', `${technique}-${width}.wasm`));
  });
  return modules.filter((file) => existsSync(file)).map((file) => readFileSync(file));
}

function peerLockfile(project: string): Buffer[] {
  const path = join(project, '.peers', 'package-lock.json');
  return existsSync(path) ? [readFileSync(path)] : [];
}
