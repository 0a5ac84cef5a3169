// What lies between the linear layers of a network, in plain TypeScript. A slot's rows stand `stride` values apart.
import type { Op } from '../../bench/contract/problem.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import type { Found, HeadsOf, Step, Transformer, TransformerShape } from '../../bench/contract/transformer.ts';
import { UnsupportedError } from '../../bench/contract/unsupported-error.ts';
import { scoreOne, weighOne } from '../attention-blocks.ts';
import { rowBytes } from '../kv-cache/formats.ts';
import { cacheRows } from '../kv-cache/ts-rows.ts';
import { hadamardBlock } from '../transforms/hadamard.ts';
import { transformBlocks } from '../transforms/hadamard-ts.ts';
import { largestOf } from './largest.ts';

export interface TsSlot {
  values: Float32Array;
  readonly stride: number;
}

export function tsTransformer(shape: TransformerShape): Transformer<TsSlot> {
  const { maxRows, normEpsilon } = shape;
  const bytes = { cache: 0, slots: 0 };
  const slot = (columns: number): TsSlot => {
    bytes.slots += 4 * maxRows * columns;
    return { values: new Float32Array(maxRows * columns), stride: columns };
  };
  return {
    slot,
    write: (to, row, values) => to.values.set(values, row * to.stride),
    read: ({ values, stride }, row, length) => values.subarray(row * stride, row * stride + length),
    linear: placeLinear,
    norm: (x, added, weight, to) => (span) => {
      const K = weight.length;
      for (let row = 0; row < span.rows; row++) {
        const at = row * x.stride;
        if (added !== undefined) addRow(added.Y.values, row * added.Y.stride, added.bias, x.values, at, K);
        normRow(x.values, at, weight, normEpsilon, to[0].values, row * to[0].stride);
        for (let i = 1; i < to.length; i++)
          to[i].values.set(to[0].values.subarray(row * to[0].stride, row * to[0].stride + K), row * to[i].stride);
      }
    },
    attention(queries, keys, values, to) {
      const { step, cacheBytes, scratchBytes } = prepareAttention(shape, queries, keys, values, to);
      bytes.cache += cacheBytes;
      bytes.slots += scratchBytes;
      return step;
    },
    gate: (activation, gate, up, columns, to) => (span) => {
      const activate = activations[activation];
      for (let row = 0; row < span.rows; row++) {
        for (let i = 0; i < columns; i++)
          to.values[row * to.stride + i] =
            activate(gate.values[row * gate.stride + i]) * up.values[row * up.stride + i];
      }
    },
    largest(Y, less, count, rows) {
      const found: Found[][] = [];
      bytes.slots += 8 * rows * count;
      return {
        run(span) {
          for (let row = 0; row < span.rows; row++) found[row] = largestOf(Y.values, row * Y.stride, less, count);
        },
        read: (row) => found[row],
      };
    },
    join: (stages) => (span) => {
      for (const stage of stages) for (const step of stage) step(span);
    },
    mark() {
      const { cache, slots } = bytes;
      return () => {
        Object.assign(bytes, { cache, slots });
      };
    },
    kvCacheBytes: () => bytes.cache,
    workspaceBytes: () => bytes.slots,
    dispose() {},
  };
}

const activations = {
  silu: (g: number) => g / (1 + Math.exp(-g)),
  relu: (g: number) => Math.max(0, g),
};

function placeLinear(kernel: PreparedKernel<Op>, rows: number, N: number, K: number) {
  const X: TsSlot = { values: new Float32Array(rows * K), stride: K };
  const Y: TsSlot = { values: new Float32Array(0), stride: N };
  const activations = { X: X.values };
  const run = () => {
    const isLate = [kernel.upload(activations), kernel.run()].some((done) => done !== undefined);
    const output = kernel.readOutput();
    if (isLate || !(output instanceof Float32Array))
      throw new UnsupportedError('model: kernels must be finished when they return, got one that promises to be');
    Y.values = output;
  };
  return { X, Y, run };
}

/** x[at …] += y[from …] + bias */
function addRow(
  y: Float32Array,
  from: number,
  bias: Float32Array | undefined,
  x: Float32Array,
  at: number,
  K: number,
): void {
  for (let k = 0; k < K; k++) x[at + k] += y[from + k] + (bias === undefined ? 0 : bias[k]);
}

/** As many values from `from` on as there are weights → the same at `at` in `to`, which may be the same place. */
function normRow(
  x: Float32Array,
  from: number,
  weight: Float32Array,
  epsilon: number,
  to: Float32Array,
  at: number,
): void {
  let sum = 0;
  for (let k = 0; k < weight.length; k++) sum += x[from + k] * x[from + k];
  const scale = 1 / Math.sqrt(sum / weight.length + epsilon);
  for (let k = 0; k < weight.length; k++) to[at + k] = x[from + k] * scale * weight[k];
}

/** Keys and values are rows [keyValueHeads, capacity] of headDim. */
function prepareAttention(
  { capacity, heads, keyValueHeads, headDim, normEpsilon, rotation, cache }: TransformerShape,
  queries: HeadsOf<TsSlot>,
  keys: HeadsOf<TsSlot>,
  values: HeadsOf<TsSlot>,
  to: TsSlot,
): { readonly step: Step; readonly cacheBytes: number; readonly scratchBytes: number } {
  const rows = keyValueHeads * capacity;
  const K = cacheRows(cache.keys, rows, headDim, capacity);
  const V = cacheRows(cache.values, rows, headDim, capacity);
  const hadamard = cache.isTurned ? hadamardBlock(headDim) : undefined;
  const taken = new Float32Array(headDim);
  const q = new Float32Array(headDim);
  const scores = new Float32Array(capacity);
  const sums = new Float64Array(headDim);
  const scale = 1 / Math.sqrt(headDim);

  /** A head's values, with its bias and norm. */
  function takeHead({ Y, bias, norm }: HeadsOf<TsSlot>, row: number, head: number, into: Float32Array): void {
    for (let d = 0; d < headDim; d++) {
      const i = head * headDim + d;
      into[d] = Y.values[row * Y.stride + i] + (bias === undefined ? 0 : bias[i]);
    }
    if (norm !== undefined) normRow(into, 0, norm, normEpsilon, into, 0);
  }

  function turn(x: Float32Array, position: number): void {
    const half = headDim / 2;
    for (let i = 0; i < half; i++) {
      const [c, s] = [rotation.cos[position * half + i], rotation.sin[position * half + i]];
      const [a, b] = [x[i], x[half + i]];
      x[i] = a * c - b * s;
      x[half + i] = b * c + a * s;
    }
    if (hadamard !== undefined) transformBlocks(x, hadamard);
  }

  function append(row: number, position: number): void {
    for (let head = 0; head < keyValueHeads; head++) {
      takeHead(keys, row, head, taken);
      turn(taken, position);
      K.put(head * capacity + position, taken);
      takeHead(values, row, head, taken);
      V.put(head * capacity + position, taken);
    }
  }

  function attend(row: number, head: number, position: number): void {
    const first = Math.floor((head * keyValueHeads) / heads) * capacity;
    const count = position + 1;
    takeHead(queries, row, head, q);
    turn(q, position);
    const k = K.read(first, count);
    scoreOne(q, 0, k.values, k.at, count, headDim, scale, scores);
    const sum = softmax(scores, count);
    sums.fill(0);
    const v = V.read(first, count);
    weighOne(scores, v.values, v.at, count, headDim, sums);
    for (let d = 0; d < headDim; d++) to.values[row * to.stride + head * headDim + d] = sums[d] / sum;
  }

  return {
    step({ rows: tokens, position }) {
      for (let row = 0; row < tokens; row++) append(row, position + row);
      for (let row = 0; row < tokens; row++) for (let head = 0; head < heads; head++) attend(row, head, position + row);
    },
    cacheBytes: rows * (rowBytes(cache.keys, headDim) + rowBytes(cache.values, headDim)),
    scratchBytes: 2 * q.byteLength + scores.byteLength + sums.byteLength + K.scratchBytes + V.scratchBytes,
  };
}

/** S[0 … count) → exp(s − max); returns their sum. */
function softmax(S: Float32Array, count: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < count; j++) max = Math.max(max, S[j]);
  let sum = 0;
  for (let j = 0; j < count; j++) {
    S[j] = Math.exp(S[j] - max);
    sum += S[j];
  }
  return sum;
}
