// `--weights`: every matrix of the user's files takes the place of the suites' own.
import { basename } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import type { MatmulProblem, Problem } from '../contract/problem.ts';
import { visibleText } from '../contract/visible-text.ts';
import type { PlacedTensor } from './model-files/safetensors-files.ts';
import { openWeightFiles } from './weight-files.ts';

export interface WeightFile {
  /**
   * What a suite's matmul problem turns into: one problem a matrix, read as W [N,K] the way PyTorch's Linear stores it, at the
   * suite's M. Other operations have no place for a file's weights and are left out.
   */
  readonly problems: (problem: Problem) => Problem[];
  /** Which tensors are not among the problems, and why; what of those that are is not as in the model. */
  readonly notes: readonly string[];
}

/** A matrix of the file: a tensor of two axes, or one of a tensor of three, as experts are stored. */
interface Matrix extends Pick<MatmulProblem, 'N' | 'K'> {
  readonly name: string;
  readonly file: NonNullable<MatmulProblem['file']>;
}

/** Throws InputError on what holds no tensors, or none that is a matrix. */
export function openWeightFile(path: string): WeightFile {
  const { stem, tensors } = openWeightFiles(path);
  const matrices = tensors.filter((tensor) => whyLeftOut(tensor) === undefined).flatMap(matricesOf);
  const notes = [...notesOnLeftOut(tensors, basename(path)), ...notesOnScales(tensors)];
  if (matrices.length === 0)
    throw new InputError(
      `--weights: must hold a matrix of floating-point numbers, got none in ${path}${notes.length > 0 ? `; ${notes[0]}` : ''}`,
    );
  const problems = (problem: Problem): Problem[] => {
    if (problem.op !== 'matmul') return [];
    const { op, M, seed } = problem;
    return matrices.map(({ name, N, K, file }) => {
      return { op, M, N, K, weights: `${spellName(stem)}/${spellName(name)}`, seed, file };
    });
  };
  return { problems, notes };
}

function matricesOf({ name, shape, dtype, path, byteOffset, byteLength }: PlacedTensor): Matrix[] {
  const [N, K] = shape.slice(-2);
  const experts = shape.length === 3 ? shape[0] : 1;
  const bytes = byteLength / experts;
  return Array.from({ length: experts }, (_, i) => ({
    name: shape.length === 3 ? `${name}[${i}]` : name,
    N,
    K,
    file: { path, values: { dtype, byteOffset: byteOffset + i * bytes, byteLength: bytes } },
  }));
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

/** What a tensor has that keeps it from being measured; undefined for one or more matrices that are. */
function whyLeftOut({ shape, dtype, skipped }: PlacedTensor): string | undefined {
  if (shape.includes(0)) return 'without values';
  if (shape.length < 2) return shape.length === 1 ? 'with one axis' : 'of a single number';
  if (shape.length > 3) return `with ${shape.length} axes`;
  return skipped === undefined ? undefined : `of ${visibleText(dtype)}`;
}

const MOST_NAMED = 2;

function named(tensors: readonly PlacedTensor[]): string {
  const first = tensors.slice(0, MOST_NAMED).map(({ name, shape }) => `${visibleText(name)} [${shape.join(', ')}]`);
  return `${first.join(', ')}${tensors.length > MOST_NAMED ? ', …' : ''}`;
}

/** One sentence: how many tensors of which kind, and the first of each by name. */
function notesOnLeftOut(tensors: readonly PlacedTensor[], file: string): string[] {
  const left = Map.groupBy(tensors, (tensor) => whyLeftOut(tensor));
  left.delete(undefined);
  const kinds = [...left].map(([why, group]) => `${group.length} ${why} (${named(group)})`);
  if (kinds.length === 0) return [];
  const count = [...left.values()].reduce((sum, group) => sum + group.length, 0);
  return [
    `${visibleText(file)}: ${count} of ${tensors.length} tensors are left out, since only matrices of floating-point numbers are measured: ${kinds.join('; ')}`,
  ];
}

/** 8-bit floats of a model lie under scales, which a layer's own speed and drift hang on little. */
function notesOnScales(tensors: readonly PlacedTensor[]): string[] {
  const scales = new Set(tensors.map(({ name }) => name.replace(/_scale(_inv)?$/, '\0')));
  const scaled = tensors.filter(({ name, dtype }) => dtype.startsWith('F8') && scales.has(`${name}\0`));
  if (scaled.length === 0) return [];
  return [`8-bit floats are read without the scales beside them: ${named(scaled)}`];
}
