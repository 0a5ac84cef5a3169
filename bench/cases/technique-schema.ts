// What a technique must be, checked where it is loaded: a fault in one's own is named before anything runs.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { type GgufType, ggufTypes } from '../contract/gguf-type.ts';
import { InputError } from '../contract/input-error.ts';
import type { LayerOp } from '../contract/problem.ts';
import type { KernelKind } from '../contract/runtimes/runtimes.ts';
import type { Family, Technique } from '../contract/technique.ts';
import { visibleText } from '../contract/visible-text.ts';
import { techniqueModule } from './technique-module.ts';

const ops = { matmul: 'matmul', mlp: 'mlp', moe: 'moe', attention: 'attention' } as const satisfies {
  [O in LayerOp]: O;
};
export const families = {
  dense: 'dense',
  sparse: 'sparse',
  quantized: 'quantized',
  'low-rank': 'low-rank',
  attention: 'attention',
  yardstick: 'yardstick',
} as const satisfies { [F in Family]: F };

/** Names and values stand in case ids, which are taken apart by these marks. */
const SPELLABLE = /^[^\s,:;=]+$/;

function must<T>(rule: string, holds: (value: unknown) => boolean): z.ZodType<T> {
  return z.custom<T>(holds, { error: ({ input }) => `must be ${rule}, got ${describe(input)}` });
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : `a ${typeof value}`;
}

function oneOf<T extends string>(known: Readonly<Record<T, T>>): z.ZodType<T> {
  return must(
    `one of ${Object.keys(known).join(', ')}`,
    (value) => typeof value === 'string' && Object.hasOwn(known, value),
  );
}

const isFunction = (value: unknown) => typeof value === 'function';
const callable = must<(...args: never[]) => unknown>('a function', isFunction);
const optional = callable.optional();
export const sentence = must<string>(
  'text that can be shown',
  (value) => typeof value === 'string' && visibleText(value) === value,
);
export const axisValue = must<string | number>(
  'a number, or text without blanks and , : ; =',
  (value) => Number.isFinite(value) || (typeof value === 'string' && SPELLABLE.test(value)),
);
const axisName = z.string().regex(SPELLABLE, { error: 'must be a name without blanks and , : ; =' });

const ggufNames = Object.fromEntries(Object.keys(ggufTypes).map((type) => [type, type])) as { [T in GgufType]: T };

const kernels = {
  ts: optional,
  wasm: optional,
  gpujs: optional,
  wgsl: optional,
  ort: optional,
  tfjs: optional,
  jax: optional,
} satisfies { [Kind in KernelKind]: z.ZodType };

const missing = {
  ts: sentence.optional(),
  wasm: sentence.optional(),
  gpujs: sentence.optional(),
  wgsl: sentence.optional(),
  ort: sentence.optional(),
  tfjs: sentence.optional(),
  jax: sentence.optional(),
} satisfies { [Kind in KernelKind]: z.ZodType };

const fields = {
  op: oneOf<LayerOp>(ops),
  family: oneOf<Family>(families),
  summary: sentence,
  source: sentence,
  axes: z.record(axisName, z.array(axisValue).min(1)),
  choices: z.record(axisName, z.array(axisValue).min(1)).optional(),
  skip: optional,
  unstored: z.array(z.string()).optional(),
  needsCalibration: optional,
  pack: callable,
  unpack: callable,
  restore: callable.optional(),
  quantizeActivations: optional,
  caveat: optional,
  bytes: callable,
  flops: callable,
  minSqnrDb: callable,
  arithmetic: optional,
  irregularAccess: z.literal(true).optional(),
  wasmModule: z.string().optional(),
  columns: optional,
  folded: optional,
  gguf: z.strictObject({ type: oneOf(ggufNames), skip: optional, encode: callable }).optional(),
  kernels: z.strictObject(kernels).refine((all) => Object.values(all).some(isFunction), {
    error: `must have one of ${Object.keys(kernels).join(', ')}, got none`,
  }),
  missing: z.strictObject(missing).optional(),
  borders: z.looseObject({}).optional(),
} satisfies { [Field in keyof Technique]-?: z.ZodType };

const TechniqueShape = z.strictObject(fields);

/** The technique that a module exports. Throws InputError that names the field at fault. */
export function checkTechnique(exported: unknown, file: string): Technique {
  const parsed = TechniqueShape.safeParse(exported);
  if (parsed.success) return exported as Technique;
  throw wrongExport(file, parsed.error, 'defineTechnique', 'docs/techniques.md');
}

export function wrongExport(
  file: string,
  { issues: [{ path, message }] }: z.ZodError,
  maker: string,
  guide: string,
): InputError {
  const subject = path.length > 0 ? `${path.join('.')} ` : '';
  return new InputError(
    `${file}: must export what ${maker} returns: ${subject}${message.replace(/^Invalid (input|option): expected/, 'must be')}; see ${guide}`,
  );
}

/** Letters by which a file's name may miss `technique.ts` and still be meant for it. */
const TYPING_ERRORS = 3;

/** Throws InputError where a folder of techniques holds none that is found, or one that is not. */
export function assertKernelsFolder(folder: string): void {
  const fault = faultOf(folder);
  if (fault !== undefined) throw new InputError(`--kernels: must hold <name>/technique.ts, got ${fault}`);
}

function faultOf(folder: string): string | undefined {
  const isTechnique = (path: string) => techniqueModule(path) !== undefined;
  if (!existsSync(folder)) return `no folder ${folder}`;
  if (isTechnique(folder)) return `a technique itself, ${folder}; give the folder it lies in, ${dirname(folder)}`;
  const inside = foldersIn(folder);
  const unspellable = inside.find((path) => isTechnique(path) && !/^[\w.-]+$/.test(basename(path)));
  if (unspellable !== undefined) return `${unspellable}; name it by letters, digits, - and _`;
  const mistyped = inside.filter((path) => !isTechnique(path)).flatMap(mistypedIn);
  if (mistyped.length > 0) return `${mistyped[0]}; call it technique.ts`;
  if (inside.some(isTechnique)) return undefined;
  const deeper = inside.find((path) => foldersIn(path).some(isTechnique));
  return deeper === undefined ? `none in ${folder}` : `none in ${folder}, but some in ${deeper}; give that`;
}

function foldersIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

function mistypedIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => /\.[mc]?[tj]s$/.test(name));
  return names.filter((name) => distance(name, 'technique.ts') <= TYPING_ERRORS).map((name) => join(folder, name));
}
