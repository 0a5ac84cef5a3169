// `--weights file.safetensors`: every 2-D tensor of the user's file takes the place of the suites' own matrices.
import { basename, resolve } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import type { Problem } from '../contract/problem.ts';
import { visibleText } from '../contract/visible-text.ts';
import { foreignFile } from './foreign-file.ts';
import { readHeader, type SafetensorsEntry } from './safetensors.ts';

export interface WeightFile {
  /**
   * What a suite's matmul problem turns into: one problem a tensor, read as W [N,K] the way PyTorch's Linear stores it,
   * at the suite's M. Other operations have no place for a file's weights and are left out.
   */
  readonly problems: (problem: Problem) => Problem[];
  /** Which tensors are not among the problems, and why. */
  readonly notes: readonly string[];
}

/** Throws InputError on what is no safetensors file, or none that holds a matrix. */
export function openWeightFile(path: string): WeightFile {
  const file = resolve(path);
  const foreign = foreignFile(file);
  if (foreign !== undefined) throw new InputError(`--weights: must be a .safetensors file, got ${path}: ${foreign}`);
  const entries = readHeader(file);
  const matrices = entries.filter((entry) => whyLeftOut(entry) === undefined);
  const notes = notesOnLeftOut(entries, basename(file));
  if (matrices.length === 0)
    throw new InputError(
      `--weights: must hold a 2-D tensor of floating-point numbers, got none in ${path}${notes.length > 0 ? `; ${notes[0]}` : ''}`,
    );
  const stem = basename(file, '.safetensors');
  const problems = (problem: Problem): Problem[] => {
    if (problem.op !== 'matmul') return [];
    return matrices.map(({ name, shape: [N, K], dtype, byteOffset, byteLength }) => ({
      op: 'matmul',
      M: problem.M,
      N,
      K,
      weights: `${spellName(stem)}/${spellName(name)}`,
      seed: problem.seed,
      file: { path: file, values: { dtype, byteOffset, byteLength } },
    }));
  };
  return { problems, notes };
}

/** The marks that case ids are taken apart by, and what a terminal or a page would obey rather than show. */
const UNSPELLABLE = /[%,:]|[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** As in an address, `:` is `%3a`: other names stay as they are, and no two become one. */
export function spellName(name: string): string {
  return name.replace(UNSPELLABLE, (character) => {
    const code = character.codePointAt(0)?.toString(16) ?? '';
    return code.length <= 2 ? `%${code.padStart(2, '0')}` : `%{${code}}`;
  });
}

/** What a tensor has that keeps it from being measured; undefined for a matrix that is. */
function whyLeftOut({ shape, dtype, skipped }: SafetensorsEntry): string | undefined {
  if (shape.includes(0)) return 'without values';
  if (shape.length !== 2) return shape.length === 1 ? 'with one axis' : `with ${shape.length} axes`;
  return skipped === undefined ? undefined : `of ${visibleText(dtype)}`;
}

const MOST_NAMED = 2;

/** One sentence: how many tensors of which kind, and the first of each by name. */
function notesOnLeftOut(entries: readonly SafetensorsEntry[], file: string): string[] {
  const left = Map.groupBy(entries, (entry) => whyLeftOut(entry));
  left.delete(undefined);
  const kinds = [...left].map(([why, group]) => {
    const named = group.slice(0, MOST_NAMED).map(({ name, shape }) => `${visibleText(name)} [${shape.join(', ')}]`);
    return `${group.length} ${why} (${named.join(', ')}${group.length > MOST_NAMED ? ', …' : ''})`;
  });
  if (kinds.length === 0) return [];
  const count = [...left.values()].reduce((sum, group) => sum + group.length, 0);
  return [
    `${visibleText(file)}: ${count} of ${entries.length} tensors are left out, since only matrices of floating-point numbers are measured: ${kinds.join('; ')}`,
  ];
}
