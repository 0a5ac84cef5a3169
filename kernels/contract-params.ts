// Which parameters of a technique its kernels are tried with, and over which trials. Grid formats share their kernels, and what can
// be chosen beside a format is the same for all of them: trying every choice with every format would tell nothing more.
import type { KernelKind } from '../bench/contract/runtimes/runtimes.ts';
import { type Params, paramGrid, type Technique } from '../bench/contract/technique.ts';
import { isBrief, type Trial, type TrialSet, trialsOf } from './contract-trials.ts';
import { gridChoices } from './grid/choices.ts';

/** Choices that kernels see, and the formats that are tried with them: all ways of decoding for rounded activations. */
const SEEN_BY_KERNELS: Readonly<Record<string, readonly string[]>> = {
  activations: ['fp8', 'int4', 'iq4-nl', 'nf4', 'q4-k', 'q6-k', 'q8-0'],
  transform: ['int4'],
  correction: ['int4'],
};
/** Choices that only decide what is stored: one format for each kind of scales and codes, on one kind of kernels. */
const STORED_ONLY = { kind: 'ts', formats: ['fp8', 'int4', 'mxfp4', 'nf4', 'q4-k'] } as const;

/** Values that differ in what is stored as well, of choices that kernels see. */
const STORED_VALUES: readonly unknown[] = ['smooth', 'activation-aware', 'loftq'];

/** A correction whose factors come with a model, and meet the kernels of every other one. */
const LEARNED = 'learned';

export interface Attempt {
  readonly params: Params;
  readonly trial: Trial;
}

/** What a technique's kernels of a kind are tried with. */
export function attemptsOf(id: string, technique: Technique, kind: KernelKind, set: TrialSet): Attempt[] {
  const tried = triedParams(id, technique, kind);
  const own = set === 'one' ? tried.slice(0, 1) : tried;
  return own.flatMap((params) =>
    trialsWith(id, technique, params, kind, set).map((trial): Attempt => ({ params, trial })),
  );
}

/** Of a set of trials those that fit; brief ones where none of it does and where the kernel is put to the rest with others. */
function trialsWith(id: string, technique: Technique, params: Params, kind: KernelKind, set: TrialSet): Trial[] {
  const isShort = set !== 'all' || isSlow(kind);
  const fitting = trialsOf(technique, kind).filter((trial) => fits(trial, technique, params));
  const common = fitting.filter(({ border }) => border === undefined);
  const found = set === 'common' && common.length > 0 ? common : fitting;
  const brief = found.filter(isBrief);
  if (set === 'one' || (isSlow(kind) && isOneEnough(id, technique, params))) return brief.slice(0, 1);
  const isCut = isStoredOnly(params) || (isShort && sharesKernel(id, technique, params));
  if (isCut || (set === 'common' && common.length === 0)) return brief;
  return isShort ? found.filter(({ isOtherData }) => !isOtherData) : found;
}

/**
 * Shaders take long to compile, one for each attempt, and threads take long to start. There one format stands for all grids, whose
 * kernels are the same, and of others the first of each axis; but rounded activations and what is chosen have kernels of their own.
 */
function sharesKernel(id: string, technique: Technique, params: Params): boolean {
  const first = Object.entries(paramGrid(technique.axes)[0]);
  const isFirst = first.every(([axis, value]) => axis === 'activations' || params[axis] === value);
  return !isFirst || (isGrid(technique) && (id !== 'int4' || isChosen(technique, params)));
}

/** Of kernels for one row and for several, both are put to other formats or without the choice: one of them says if codes are read. */
function isOneEnough(id: string, technique: Technique, params: Params): boolean {
  return isGrid(technique) && id !== 'int4' && (!standsForAll(id) || isChosen(technique, params));
}

function isChosen({ choices = {} }: Technique, params: Params): boolean {
  return Object.keys(params).some((name) => name in choices);
}

function fits({ problem, params: only = {} }: Trial, { skip }: Technique, params: Params): boolean {
  return Object.entries(only).every(([axis, value]) => params[axis] === value) && skip?.(problem, params) === undefined;
}

function isSlow(kind: KernelKind): boolean {
  return kind !== 'ts' && kind !== 'wasm';
}

function isGrid({ choices = {} }: Technique): boolean {
  return Object.keys(gridChoices).every((choice) => choice in choices);
}

function standsForAll(id: string): boolean {
  return SEEN_BY_KERNELS.activations.includes(id);
}

/**
 * All values of its axes, and with the first of them each value of each choice, one at a time; with the last where X has scales of
 * its own for parts of a group.
 */
function triedParams(id: string, technique: Technique, kind: KernelKind): Params[] {
  const { axes, choices = {} } = technique;
  const isShort = isSlow(kind) && isGrid(technique);
  const [first, ...others] = paramGrid(axes);
  const chosen = Object.entries(choices).flatMap(([choice, [, ...values]]) =>
    isTried(id, technique, choice, kind)
      ? values
          .filter((value) => value !== LEARNED && !(isShort && STORED_VALUES.includes(value)))
          .map((value) => ({
            ...(value === 'int8-32' ? (others.at(-1) ?? first) : first),
            ...requiredBy(choice),
            [choice]: value,
          }))
      : [],
  );
  // Of a format whose kernels are tried with another, sizes of groups are but lengths of the same loop.
  const isAnotherLength = ({ groupSize }: Params) => isShort && !standsForAll(id) && groupSize !== first.groupSize;
  return [first, ...others.filter((params) => !isAnotherLength(params)), ...chosen];
}

function isTried(id: string, technique: Technique, choice: string, kind: KernelKind): boolean {
  if (!isGrid(technique)) return !['method', 'whitened'].includes(choice) || kind === STORED_ONLY.kind;
  if (!(choice in gridChoices)) return true;
  const formats: readonly string[] = SEEN_BY_KERNELS[choice] ?? (kind === STORED_ONLY.kind ? STORED_ONLY.formats : []);
  return formats.includes(id);
}

/** Kernels see nothing of how weights were chosen: the smallest shape that shows anything will do. */
function isStoredOnly(params: Params): boolean {
  return 'method' in params || 'rank' in params || Object.values(params).some((value) => STORED_VALUES.includes(value));
}

/** A choice that is one of another choice. */
function requiredBy(choice: string): Params {
  if (choice === 'actOrder') return { method: 'gptq' };
  return choice === 'rank' ? { correction: 'svd' } : {};
}
