// Networks that tell which class an example is of: products with weights, and what lies between them in plain TypeScript.
import type { LinearLayer } from '../../contract/model.ts';

export interface ClassifierLayer extends LinearLayer {
  /** Rows of X in a call of M rows of input. */
  rows(M: number): number;
}

/** What goes in at one call. Example e owns the rows rowStart[e] ≤ row < rowStart[e + 1]. */
export interface Batch {
  /** [rows, width]: an image's pixels, or a token's id. */
  readonly inputs: Float32Array;
  readonly rowStart: Int32Array;
}

/** Y [rows,N] of a layer, without the network's own bias; may be a view that the next call overwrites, and be written to. */
export type Multiply = (layer: string, X: Float32Array) => Float32Array;
export type MultiplyFloat64 = (layer: string, X: Float64Array) => Float64Array;

export interface Classifier {
  /** In the order they are used. */
  readonly layers: readonly ClassifierLayer[];
  readonly classes: readonly string[];
  /** Numbers in a row of input. */
  readonly width: number;
  /** Examples that a call of M rows has room for. */
  examples(M: number): number;
  /** W [N,K] of a layer. */
  weights(layer: string): Float32Array;
  /** A network for calls of M rows of input: logits [examples(M), classes], a view that the next call overwrites. */
  compose(M: number, multiply: Multiply): (batch: Batch) => Float32Array;
  /** The same in float64, as plainly as it can be written, of the examples that there are. */
  reference(batch: Batch, multiply: MultiplyFloat64): Float64Array;
}

/** Examples that no weights and no choice were made by. */
export interface TestSet {
  /** Rows [rows, width] of each example. */
  readonly examples: readonly Float32Array[];
  /** The class of each. */
  readonly labels: Uint8Array;
  /** What the uncompressed network takes each for, in float64. */
  readonly predictions: Uint8Array;
}

/** As many examples a batch as M rows and the network have room for, in their order. */
export function batchesOf(
  examples: readonly Float32Array[],
  { width, examples: roomFor }: Pick<Classifier, 'width' | 'examples'>,
  M: number,
): Batch[] {
  const room = roomFor(M);
  const groups: Float32Array[][] = [[]];
  let rows = 0;
  for (const example of examples) {
    const own = example.length / width;
    if (groups[groups.length - 1].length === room || rows + own > M) {
      groups.push([]);
      rows = 0;
    }
    groups[groups.length - 1].push(example);
    rows += own;
  }
  return groups.map((group) => batchOf(group, width));
}

function batchOf(examples: readonly Float32Array[], width: number): Batch {
  const rowStart = Int32Array.from({ length: examples.length + 1 }, () => 0);
  for (const [e, example] of examples.entries()) rowStart[e + 1] = rowStart[e] + example.length / width;
  const inputs = new Float32Array(rowStart[examples.length] * width);
  for (const [e, example] of examples.entries()) inputs.set(example, rowStart[e] * width);
  return { inputs, rowStart };
}

/** The class with the largest of its logits [examples, classes], of each example. */
export function predictionsOf(logits: Float32Array | Float64Array, classes: number, examples: number): number[] {
  return Array.from({ length: examples }, (_, e) => {
    let best = e * classes;
    for (let i = best + 1; i < (e + 1) * classes; i++) if (logits[i] > logits[best]) best = i;
    return best - e * classes;
  });
}
