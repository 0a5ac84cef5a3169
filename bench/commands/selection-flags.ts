// The flags that say which cases are meant, shared by `run` and `list cases`.
import { availableParallelism } from 'node:os';
import type { InferredOptionTypes, Options } from 'yargs';
import type { RunChoices } from '../api/run-choices.ts';
import { chooseNames } from '../cases/select.ts';
import { DEFAULT_SEED } from '../contract/case.ts';
import { InputError } from '../contract/input-error.ts';
import { type PresetName, presetNames } from '../contract/suite.ts';

/** For flags that take one value: yargs hands over a list where one is repeated. */
export function once(flag: string): (value: string | readonly string[]) => string {
  return (value) => {
    if (typeof value !== 'string') throw new InputError(`--${flag}: must be given once, got ${value.join(' and ')}`);
    if (value === '') throw new InputError(`--${flag}: must not be empty`);
    if (value === '-')
      throw new InputError(
        `--${flag}: must be a name, got -, which is neither stdin nor stdout here; a file of that name is ./-`,
      );
    return value;
  };
}

/** What a number must be, as messages say it: "must be a count". */
export interface NumberRule {
  readonly must: string;
  isRight(value: number): boolean;
}

export const COUNT: NumberRule = {
  must: 'must be a count',
  isRight: (value) => Number.isSafeInteger(value) && value > 0,
};

/**
 * For flags that take one number. They name no type: yargs then makes a number of what reads like one and hands over the
 * rest as it was typed, so that the message can say it.
 */
export function onceNumber(flag: string, { must, isRight }: NumberRule): (value: unknown) => number {
  return (value) => {
    if (Array.isArray(value)) throw new InputError(`--${flag}: must be given once, got ${value.join(' and ')}`);
    if (typeof value === 'number' && isRight(value)) return value;
    throw new InputError(`--${flag}: ${must}, got ${value === '' ? 'an empty value' : value}`);
  };
}

function choosePreset(name: string | readonly string[]): PresetName {
  const [chosen] = chooseNames('preset', [once('preset')(name)], presetNames);
  return chosen;
}

/** `--backend ts,gpujs-cpu` and `--backend ts --backend gpujs-cpu` mean the same. */
function splitList(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(','));
}

/** A size as it was typed. */
function sizeOf(flag: string, value: string): number {
  const size = Number(value);
  if (value !== '' && COUNT.isRight(size)) return size;
  throw new InputError(`--${flag}: ${COUNT.must}, got ${value || 'an empty value'}`);
}

function shapeOf(typed: string): { M: number; N: number; K: number } {
  const sizes = typed.split(',');
  if (sizes.length !== 3) throw new InputError(`--shape: must read M,N,K, got ${typed}`);
  const [M, N, K] = sizes.map((value) => sizeOf('shape', value));
  return { M, N, K };
}

const AXIS = /^([^=\s]+)=([^=\s]+)$/;

/** Values by the name of their axis, as they were typed; a repeated axis gets them all. */
function axesOf(typed: readonly string[]): Record<string, string[]> {
  const axes = new Map<string, string[]>();
  for (const text of typed) {
    const [, axis, list = ''] = AXIS.exec(text) ?? [];
    const values = list.split(',');
    if (axis === undefined || values.includes('')) {
      throw new InputError(`--axis: must read name=value[,value…], got ${text || 'an empty value'}`);
    }
    axes.set(axis, [...(axes.get(axis) ?? []), ...values]);
  }
  return Object.fromEntries(axes);
}

export const listFlag = {
  type: 'string',
  array: true,
  requiresArg: true,
  default: [] as string[],
  coerce: splitList,
} as const;

/** Of a positional that must be there: yargs would tell an empty list as its default. */
export const severalPaths = { type: 'string', array: true, default: undefined } as const;

export const threadsFlag = {
  requiresArg: true,
  coerce: onceNumber('threads', COUNT),
  default: availableParallelism(),
  defaultDescription: 'all cores',
  describe: 'threads of the backends that use several',
} as const;

export const selectionFlags = {
  preset: {
    describe: 'how thorough: smoke (< 20 s), quick (< 3 min) or nightly (some 2 h)',
    type: 'string',
    requiresArg: true,
    default: 'quick' as PresetName,
    coerce: choosePreset,
  },
  suite: {
    ...listFlag,
    describe: 'only these suites, which may be modules of your own or folders of them: ./my-suite.ts',
    defaultDescription: 'all',
  },
  technique: { ...listFlag, describe: 'only these techniques', defaultDescription: 'all' },
  backend: { ...listFlag, describe: 'only these backends', defaultDescription: 'all' },
  filter: {
    type: 'string',
    array: true,
    requiresArg: true,
    default: [] as string[],
    defaultDescription: 'none',
    describe: 'only cases whose id contains this text, or matches it where it has * or ?',
  },
  axis: {
    type: 'string',
    array: true,
    requiresArg: true,
    coerce: axesOf,
    describe: "name=value[,value…] of an axis or choice in place of the suites' own; may be repeated",
  },
  weights: {
    type: 'string',
    requiresArg: true,
    coerce: once('weights'),
    describe: 'a .safetensors or .gguf file, an index or a folder: its matrices replace the model’s',
  },
  m: {
    type: 'string',
    array: true,
    requiresArg: true,
    coerce: (values: readonly string[]) => splitList(values).map((value) => sizeOf('m', value)),
    describe: "rows of activations in place of the suites' own: 1,8,64; products only",
  },
  shape: {
    type: 'string',
    array: true,
    requiresArg: true,
    coerce: (values: readonly string[]) => values.map(shapeOf),
    describe: "M,N,K of a product on synthetic weights in place of the suites' own; may be repeated",
  },
  kernels: { ...listFlag, describe: 'folders with techniques of your own', defaultDescription: 'none' },
  seed: {
    requiresArg: true,
    coerce: onceNumber('seed', { must: 'must be a whole number', isRight: Number.isSafeInteger }),
    default: DEFAULT_SEED,
    describe: 'seed of synthetic inputs and resampling',
  },
} as const satisfies Record<string, Options>;

type SelectionFlags = InferredOptionTypes<typeof selectionFlags>;

export function selectionOf(flags: SelectionFlags) {
  const { preset, suite, technique, backend, filter, axis: axes, weights, m, shape, kernels, seed } = flags;
  return { preset, suite, technique, backend, filter, axes, weights, m, shape, kernels, seed } satisfies RunChoices;
}
