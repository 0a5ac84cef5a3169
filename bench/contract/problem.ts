// What is computed, at which shape, on which inputs. An operation splits its inputs in two: the *weights*, which stay
// resident and may be compressed, and the *activations*, which are new at every call.

/** `Y[M,N] = X[M,K] · W[N,K]ᵀ`, row-major. W holds the weights and is what gets compressed. */
export interface MatmulProblem {
  readonly op: 'matmul';
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** `use-lite/<matrix>`, `synthetic` or `<file stem>/<tensor>`. */
  readonly weights: string;
  readonly seed: number;
  /** Where the tensor is read from when it comes out of the user's own file; not part of the identity. */
  readonly file?: { readonly path: string; readonly values: TensorBytes };
}

/**
 * `O = softmax(Q·Kᵀ / √headDim) · V` for each head: Q and O are [heads, M, headDim], K and V [heads, seqLen, headDim].
 * When causal, query i stands at position seqLen − M + i and sees the keys up to itself.
 */
export interface AttentionProblem {
  readonly op: 'attention';
  /** Query rows: 1 when decoding, seqLen when prefilling. */
  readonly M: number;
  readonly seqLen: number;
  readonly heads: number;
  readonly headDim: number;
  readonly causal: boolean;
  /** `use-lite/layer0`, `use-lite/layer1` or `synthetic`: where Q, K and V come from. */
  readonly weights: string;
  readonly seed: number;
}

export interface MatmulWeights {
  /** [N,K] */
  readonly W: Float32Array;
}
export interface MatmulActivations {
  /** [M,K] */
  readonly X: Float32Array;
}
export interface AttentionWeights {
  /** [heads, seqLen, headDim] */
  readonly K: Float32Array;
  /** [heads, seqLen, headDim] */
  readonly V: Float32Array;
}
export interface AttentionActivations {
  /** [heads, M, headDim] */
  readonly Q: Float32Array;
}

interface OperationTypes {
  matmul: { problem: MatmulProblem; weights: MatmulWeights; activations: MatmulActivations };
  attention: { problem: AttentionProblem; weights: AttentionWeights; activations: AttentionActivations };
}

export type Op = keyof OperationTypes;
export type ProblemOf<O extends Op> = OperationTypes[O]['problem'];
export type WeightsOf<O extends Op> = OperationTypes[O]['weights'];
export type ActivationsOf<O extends Op> = OperationTypes[O]['activations'];
export type Problem = ProblemOf<Op>;

/** Where a tensor's values lie and what they are. */
export interface TensorBytes {
  readonly dtype: string;
  /** Place of the first byte in the file, and their number. */
  readonly byteOffset: number;
  readonly byteLength: number;
}
