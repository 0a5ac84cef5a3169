import type { LinearLayer } from '../contract/model.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { Arithmetic } from '../contract/technique.ts';

export interface RunningModel {
  /**
   * Takes tokens in after those before. Logits [vocabularySize] of what follows the last, or [tokens, vocabularySize] of what
   * follows each; may be a view that the next call overwrites.
   */
  forward(tokens: readonly number[], want: 'last' | 'all'): Float32Array;
  /** Tokens taken in. */
  readonly length: number;
  /** Forgets all tokens but the first `length`. */
  truncate(length: number): void;
  /** Goes on as after so many tokens, whatever the caches hold of them: for what a call takes, not for what it says. */
  stretch(length: number): void;
  readonly kvCacheBytes: number;
  /** Beside weights and caches: activations and scratch of all kernels. */
  readonly workspaceBytes: number;
  /** What a layer's kernel says that most of its work is done in, if one does. */
  readonly arithmetic?: Arithmetic;
  dispose(): void;
}

/** How a model is placed. */
export interface Placement {
  /** Tokens that a call takes at once: 1 to decode; longer texts are cut into as many calls as they need. */
  readonly maxRows: number;
  /** Tokens that the caches hold. */
  readonly capacity: number;
  /** Rows of logits that are computed at once: 1 where only the last is wanted. All rows of a call where not said. */
  readonly headRows?: number;
  readonly kind: KernelKind;
  readonly runtime: Runtimes[KernelKind];
  /** Shown the activations [K] of each row that comes to a layer, which may be a view that the next call overwrites. */
  readonly onActivations?: (layer: LinearLayer, x: Float32Array) => void;
  /** The same of each row [hiddenSize] that comes to a block, and to the norm after the last one. */
  readonly onBlock?: (block: number, x: Float32Array) => void;
  /** The same of the output [hiddenSize] of each expert that a row went through, whose share in the sum this was. */
  readonly onExpert?: (down: string, share: number, y: Float32Array) => void;
}
