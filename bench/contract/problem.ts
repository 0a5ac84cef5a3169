// What is computed, at which shape, on which inputs. An operation splits its inputs in two: the *weights*, which stay
// resident and may be compressed, and the *activations*, which are new at every call.

import type { LearnedFactors, LinearLayer, ModelConfig, ModelWeights } from './model.ts';
import type { RoundCache } from './operations/model-float64.ts';
import type { Plan } from './plan.ts';

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
  /** Of which of the user's models it is a layer, whose own activations meet it; no part of the identity either. */
  readonly model?: { readonly file: ModelFiles; readonly layer: string };
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

/**
 * `Y[M,N] = relu(X[M,K] · W1[hidden,K]ᵀ + b1) · W2[N,hidden]ᵀ`: the feed-forward part of a transformer's layer. The second bias is left
 * to what adds the layer's output to its input.
 */
export interface MlpProblem {
  readonly op: 'mlp';
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly hidden: number;
  /** `use-lite/layer0.ffn`, `use-lite/layer1.ffn` or `synthetic`. */
  readonly weights: string;
  readonly seed: number;
}

/**
 * `Y[M,K] = Σ share · mlp(X[M,K])` over the `topK` of some feed-forward parts, the experts, that a router scores highest for each row: the first
 * of equal ones first. Shares are the softmax over the scores of those alone. Each is an `mlp` from K to K.
 */
export interface MoeProblem {
  readonly op: 'moe';
  readonly M: number;
  readonly K: number;
  /** Of one expert. */
  readonly hidden: number;
  readonly experts: number;
  readonly topK: number;
  /** `synthetic`. */
  readonly weights: string;
  readonly seed: number;
}

/** Which linear layers of a model a technique replaces; `all` are those of the stack, and the head apart from them. */
export const layerChoices = ['all', 'attn', 'ffn', 'head', 'all+head'] as const;
export type LayerChoice = (typeof layerChoices)[number];

/** The logits of the token after the last, by a model of the Llama family whose linear layers are what gets compressed. */
export interface ModelProblem {
  readonly op: 'model';
  /** One token after those in the caches, a text from its beginning, or a text written on, token by token. */
  readonly phase: 'decode' | 'prefill' | 'generate';
  /** Tokens of the call: 1 when decoding. */
  readonly M: number;
  /** Tokens before the call, which the caches hold but for the last when generating: none when prefilling. */
  readonly context: number;
  /** `moby`, `moby-outliers`, or the stem of the user's own folder or file. */
  readonly weights: string;
  readonly layers: LayerChoice;
  /** How often the stack of layers stands on itself: above 1 for speed and bytes alone, since its logits mean nothing. */
  readonly scale: number;
  readonly seed: number;
  /** Of the model as it lies on disk; like where it lies, no part of the identity. */
  readonly config: ModelConfig;
  readonly file: ModelFiles;
  /** Which technique packs each layer, in place of one for all. */
  readonly plan?: Plan & { readonly name: string };
  /** Of a smaller model with the same tokens, where it may draft what this one generates. */
  readonly draft?: { readonly name: string; readonly path: string };
}

export interface ModelFiles {
  /** A Hugging Face folder or a GGUF file. */
  readonly path: string;
  /** Whose next tokens are predicted. */
  readonly text: string;
  /** What methods look at before they choose. */
  readonly calibration: string;
  /** What is looked up beside the model, where it has a datastore. */
  readonly datastore?: string;
  /** Folder of adapters that were learned beside its weights, where it has any. */
  readonly adapters?: { readonly name: string; readonly path: string };
  /** A few channels of its activations are made far larger than the rest, and its outputs the same. */
  readonly hasPlantedOutliers?: true;
}

/** Which class each of some examples is of, by a small network whose linear layers are what gets compressed. */
export interface ClassifyProblem {
  readonly op: 'classify';
  /** Rows of input of a call: images, or tokens. */
  readonly M: number;
  /** `supersense` or `mnist-mlp`. */
  readonly weights: string;
  readonly seed: number;
  /** What follows from the name. */
  readonly network: ClassifierShape;
}

export interface ClassifierShape {
  /** In the order they are used. */
  readonly layers: readonly ClassifierLayer[];
  readonly classes: number;
  /** Numbers in a row of input. */
  readonly width: number;
  /** Rows of input that each example has room for in a call. */
  readonly rowsPerExample: number;
  /** Bytes of what is no linear layer: embeddings, norms, biases, the probe. */
  readonly otherBytes: number;
}

/** A linear layer that multiplies the rows of the input, or one row for each example. */
export interface ClassifierLayer extends LinearLayer {
  readonly each: 'row' | 'example';
}

export interface MatmulWeights extends Partial<LearnedFactors> {
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

export interface MlpWeights {
  /** [hidden,K] */
  readonly W1: Float32Array;
  /** [hidden] */
  readonly b1: Float32Array;
  /** [N,hidden] */
  readonly W2: Float32Array;
  /** Which hidden values take part; those above 0 where not said. */
  readonly kept?: KeptHidden;
}
export interface MlpActivations {
  /** [M,K] */
  readonly X: Float32Array;
}

export interface MoeWeights {
  /** [experts,K] */
  readonly router: Float32Array;
  /** [experts,hidden,K] */
  readonly W1: Float32Array;
  /** [experts,hidden] */
  readonly b1: Float32Array;
  /** [experts,K,hidden] */
  readonly W2: Float32Array;
}
export interface MoeActivations {
  /** [M,K] */
  readonly X: Float32Array;
}

/** Hidden values that are 0 drop out by themselves. */
export interface KeptHidden {
  /** Those above it are kept, where no mask says which. */
  readonly threshold: number;
  /** Of row m those h are kept, whatever they are, for which `bits[(m · stride + h) mod hidden]` is 1. */
  readonly mask?: { readonly bits: Uint8Array; readonly stride: number };
}

/** As they were packed, with what kernels do to the activations that come to them. */
export interface PackedModelWeights extends ModelWeights {
  /** X [M,K] as the layer's kernel multiplies it, transformed or rounded. */
  present?(layer: LinearLayer, X: Float32Array, M: number): Float32Array;
  /** What its cache leaves of keys and values. */
  readonly roundCache?: RoundCache;
  /** What is looked up at a state [hiddenSize], into the logits beside it. */
  mixIn?(logits: Float64Array, state: Float64Array): void;
  /** Activations, keys or values are rounded to whole numbers. */
  readonly isRounded?: boolean;
}
export interface ModelActivations {
  /** Taken in one after another from the beginning; the last call is the one that is timed. */
  readonly tokens: readonly number[];
  /** Tokens that the caches are then held to hold, where those are more than were taken in: for time alone. */
  readonly context?: number;
  /** Tokens written in the last call, each the likeliest after those before it; none of them but the logits of the next where not said. */
  readonly count?: number;
}

/** A network as it was packed. */
export interface ClassifierWeights {
  /** Logits [examples, classes] in float64, of activations as the layers' kernels multiply them. */
  logits(activations: ClassifyActivations): Float64Array;
  /** Its kernels round the activations that come to them. */
  readonly roundsActivations: boolean;
}
/** Example e owns the rows rowStart[e] ≤ row < rowStart[e + 1]; those that a call has room for and that are not there own none. */
export interface ClassifyActivations {
  /** [rows, width]: an image's pixels, or a token's id. */
  readonly inputs: Float32Array;
  readonly rowStart: Int32Array;
}

export interface OperationTypes {
  matmul: { problem: MatmulProblem; weights: MatmulWeights; activations: MatmulActivations };
  mlp: { problem: MlpProblem; weights: MlpWeights; activations: MlpActivations };
  moe: { problem: MoeProblem; weights: MoeWeights; activations: MoeActivations };
  attention: { problem: AttentionProblem; weights: AttentionWeights; activations: AttentionActivations };
  model: { problem: ModelProblem; weights: PackedModelWeights; activations: ModelActivations };
  classify: { problem: ClassifyProblem; weights: ClassifierWeights; activations: ClassifyActivations };
}

export type Op = keyof OperationTypes;
/** Of one layer: what techniques compute. A network takes those of its products. */
export type LayerOp = Exclude<Op, 'model' | 'classify'>;
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
