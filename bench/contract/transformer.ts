// What a network of the Llama family computes between its linear layers, as each kind of kernels does it. A call takes up to
// `maxRows` new tokens, one a row. All steps of a network are made once, over places that are theirs from then on.
import type { KvCache } from './kv-cache.ts';
import type { Activation } from './model.ts';
import type { Op } from './problem.ts';
import type { PreparedKernel } from './technique.ts';

export interface TransformerShape {
  /** Rows of a call, for which the linear layers' kernels were prepared. */
  readonly maxRows: number;
  /** Tokens that the caches hold. */
  readonly capacity: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly normEpsilon: number;
  readonly cache: KvCache;
  /** [capacity, headDim / 2] each: by what the halves of a head turn at each position. */
  readonly rotation: { readonly cos: Float32Array; readonly sin: Float32Array };
}

/** The tokens of a call. */
export interface Span {
  readonly rows: number;
  /** Of the first, counted from 0: so many tokens stand in the caches before it. */
  readonly position: number;
}

/** Finished on return. */
export type Step = (span: Span) => void;

/** A product with weights whose activations lie where the steps around it write and read them. */
export interface PlacedLinear<Slot> {
  readonly X: Slot;
  readonly Y: Slot;
  /** All of `maxRows` rows, whatever the span. */
  readonly run: Step;
}

/** What attention does with its three products before it multiplies them. */
export interface HeadsOf<Slot> {
  readonly Y: Slot;
  /** Added to all heads' values, side by side. */
  readonly bias?: Float32Array;
  /** Weights [headDim] of the norm over each head. */
  readonly norm?: Float32Array;
}

/** The largest of a row's values, the largest first, and where in the row they stand. */
export interface Found {
  readonly index: number;
  readonly value: number;
}

/** A slot is a place for rows of f32. */
export interface Transformer<Slot> {
  slot(columns: number): Slot;
  write(slot: Slot, row: number, values: Float32Array): void;
  /** May be a view that the next call overwrites. */
  read(slot: Slot, row: number, length: number): Float32Array;
  /** A kernel of `rows` rows as it was prepared on the runtime of this transformer. */
  linear(kernel: PreparedKernel<Op>, rows: number, N: number, K: number): PlacedLinear<Slot>;
  /** x += added, where that is given, then `to` = x / rms(x) · weight. */
  norm(x: Slot, added: { Y: Slot; bias?: Float32Array } | undefined, weight: Float32Array, to: readonly Slot[]): Step;
  /** Takes keys and values into a cache of its own and lets each query see those up to its own position. */
  attention(queries: HeadsOf<Slot>, keys: HeadsOf<Slot>, values: HeadsOf<Slot>, to: Slot): Step;
  /** to = activation(gate) · up */
  gate(activation: Activation, gate: Slot, up: Slot, columns: number, to: Slot): Step;
  /** Of each of up to `rows` rows of Y, less `less` [columns], the largest values: so many. */
  largest(Y: Slot, less: Float32Array, count: number, rows: number): { readonly run: Step; read(row: number): Found[] };
  /** All stages, one after another. The steps of one do not depend on each other. */
  join(stages: readonly (readonly Step[])[]): Step;
  /** What is placed and made from here on is given back, with its memory, once what it returns is called. */
  mark(): () => void;
  /** Bytes of all caches. */
  kvCacheBytes(): number;
  /** Bytes of all slots and scratch, less what kernels count that they share. */
  workspaceBytes(): number;
  dispose(): void;
}
