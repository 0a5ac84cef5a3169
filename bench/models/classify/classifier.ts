// Networks that tell which class an example is of: products with weights, and what lies between them in plain TypeScript.
import { examplesOf } from '../../contract/operations/classify.ts';
import type { ClassifierShape, ClassifyActivations } from '../../contract/problem.ts';

/** Y [rows,N] of a layer, without the network's own bias; may be a view that the next call overwrites, and be written to. */
export type Multiply = (layer: string, X: Float32Array) => Float32Array;
export type MultiplyFloat64 = (layer: string, X: Float64Array) => Float64Array;

export interface Classifier {
  readonly shape: ClassifierShape;
  readonly classes: readonly string[];
  /** W [N,K] of a layer. */
  weights(layer: string): Float32Array;
  /** A network for calls of M rows of input: logits [examples, classes], a view that the next call overwrites. */
  compose(M: number, multiply: Multiply): (batch: ClassifyActivations) => Float32Array;
  /** The same in float64, as plainly as it can be written. */
  reference(batch: ClassifyActivations, multiply: MultiplyFloat64): Float64Array;
}

/** A classifier out of its tensors, which are read once each but for the matrices of layers. */
export type Network = (tensor: (name: string) => Float32Array) => Classifier;

/** Examples that no weights and no choice were made by. */
export interface TestSet {
  /** Rows [rows, width] of each example. */
  readonly examples: readonly Float32Array[];
  /** The class of each. */
  readonly labels: Uint8Array;
  /** What the uncompressed network takes each for. */
  readonly predictions: Uint8Array;
}

/** As many examples a batch as M rows and the network have room for, in their order. */
export function batchesOf(examples: readonly Float32Array[], shape: ClassifierShape, M: number): ClassifyActivations[] {
  const room = examplesOf(shape, M);
  const groups: Float32Array[][] = [[]];
  let rows = 0;
  for (const example of examples) {
    const own = example.length / shape.width;
    if (groups[groups.length - 1].length === room || rows + own > M) {
      groups.push([]);
      rows = 0;
    }
    groups[groups.length - 1].push(example);
    rows += own;
  }
  return groups.map((group) => batchOf(group, shape.width, room));
}

function batchOf(examples: readonly Float32Array[], width: number, room: number): ClassifyActivations {
  const rowStart = new Int32Array(room + 1);
  for (let e = 0; e < room; e++) rowStart[e + 1] = rowStart[e] + (examples[e]?.length ?? 0) / width;
  const inputs = new Float32Array(rowStart[room] * width);
  for (const [e, example] of examples.entries()) inputs.set(example, rowStart[e] * width);
  return { inputs, rowStart };
}

/** Examples that there are in a batch. */
export function countOf({ rowStart }: ClassifyActivations): number {
  return rowStart.indexOf(rowStart[rowStart.length - 1]);
}

/** The class with the largest of its logits [examples, classes], of each example. */
export function predictionsOf(logits: Float32Array | Float64Array, classes: number, examples: number): number[] {
  return Array.from({ length: examples }, (_, e) => {
    let best = e * classes;
    for (let i = best + 1; i < (e + 1) * classes; i++) if (logits[i] > logits[best]) best = i;
    return best - e * classes;
  });
}
