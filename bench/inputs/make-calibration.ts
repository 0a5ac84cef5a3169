// Activations of a layer for methods that look at some before they choose. None of them is among those that are measured,
// or a method could fit the very rows it is judged by.
import type { Calibration } from '../contract/calibration.ts';
import type { Problem } from '../contract/problem.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { syntheticCalibration } from './synthetic.ts';
import { useLiteCalibration } from './use-lite/use-lite-cache.ts';

const USE_LITE = 'use-lite/';
/** Drawn at any K. GPTQ and AWQ take 128 texts of some hundred tokens each, for a model whose layers are wider. */
const SYNTHETIC_ROWS = 512;

/** Undefined where the technique looks at none. */
export function calibrationFor(
  technique: Pick<Technique, 'needsCalibration'>,
  params: Params,
  problem: Problem,
): Calibration | undefined {
  return technique.needsCalibration?.(params) ? makeCalibration(problem) : undefined;
}

/**
 * What enters the bundled model's matrix on other sentences; for other weights drawn, as their activations are. Throws on
 * attention, which has none.
 */
export function makeCalibration(problem: Problem): Calibration {
  if (problem.op !== 'matmul' && problem.op !== 'mlp')
    throw new Error(`calibration: must be asked for products, got ${problem.op}`);
  const { weights, K, seed } = problem;
  const isOfFile = 'file' in problem && problem.file !== undefined;
  // A feed-forward part is entered by what enters its first matrix.
  if (!isOfFile && weights.startsWith(USE_LITE))
    return useLiteCalibration(weights.slice(USE_LITE.length).replace(/ffn$/, 'fc1'));
  return { X: syntheticCalibration(SYNTHETIC_ROWS, K, seed), rows: SYNTHETIC_ROWS };
}
