// `--weights file.safetensors`: every 2-D tensor of the user's file takes the place of the suites' own matrices.
import { basename, resolve } from 'node:path';
import { InputError } from '../contract/input-error.ts';
import type { Problem } from '../contract/problem.ts';
import { readHeader } from './safetensors.ts';

/** Control characters, which would reach terminals, and the marks that case ids are taken apart by. */
const UNPRINTABLE = /[\p{Cc},:]/gu;

/**
 * What a suite's matmul problem turns into: one problem a tensor, read as W [N,K] the way PyTorch's Linear stores it,
 * at the suite's M. Other operations have no place for a file's weights and are left out.
 */
export function weightFileProblems(path: string): (problem: Problem) => Problem[] {
  const file = resolve(path);
  const matrices = readHeader(file).filter(({ shape, skipped }) => {
    return shape.length === 2 && shape[0] > 0 && shape[1] > 0 && skipped === undefined;
  });
  if (matrices.length === 0) {
    throw new InputError(`--weights: must hold a 2-D tensor of F32, F16 or BF16, got none in ${path}`);
  }
  const stem = basename(file, '.safetensors');
  return (problem) => {
    if (problem.op !== 'matmul') return [];
    return matrices.map(({ name, shape: [N, K], dtype, byteOffset, byteLength }) => ({
      op: 'matmul',
      M: problem.M,
      N,
      K,
      weights: `${stem}/${name}`.replace(UNPRINTABLE, '_'),
      seed: problem.seed,
      file: { path: file, values: { dtype, byteOffset, byteLength } },
    }));
  };
}
