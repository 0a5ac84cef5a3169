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

export interface Attempt {
  readonly params: Params;
  readonly trial: Trial;
}

/** What a technique's kernels of a kind are tried with: of a set of trials those that fit, or brief ones where none of it does. */
export function attemptsOf(id: string, technique: Technique, kind: KernelKind, set: TrialSet): Attempt[] {
  const all = trialsOf(technique, kind, 'all');
  const own = trialsOf(technique, kind, set);
  // Threads take long to start, and share out the work of all formats alike.
  const isShort = set === 'common' ? isGrid(technique) : set === 'all' && isCutShort(technique, kind);
  return triedParams(id, technique, kind).flatMap((params, i) => {
    const isWhole = !isStoredOnly(params) && (!isShort || (i === 0 && id === 'int4'));
    const fitting = (trials: readonly Trial[]) => trials.filter((trial) => fits(trial, technique, params));
    const found = fitting(own);
    const trials = found.length === 0 ? fitting(all).filter(isBrief) : isWhole ? found : found.filter(isBrief);
    return trials.map((trial) => ({ params, trial }));
  });
}

function fits({ problem, params: only = {} }: Trial, { skip }: Technique, params: Params): boolean {
  return Object.entries(only).every(([axis, value]) => params[axis] === value) && skip?.(problem, params) === undefined;
}

/** Shaders take long to compile, one for each attempt, and are the same text for most formats. */
function isCutShort(technique: Technique, kind: KernelKind): boolean {
  return kind !== 'ts' && kind !== 'wasm' && isGrid(technique);
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
  const isShort = isCutShort(technique, kind);
  const [first, ...others] = paramGrid(axes);
  const chosen = Object.entries(choices).flatMap(([choice, [, ...values]]) =>
    isTried(id, technique, choice, kind)
      ? values
          .filter((value) => !(isShort && STORED_VALUES.includes(value)))
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
