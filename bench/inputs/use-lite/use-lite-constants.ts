// What Universal Sentence Encoder lite computes with beside its ten matrices, by the names that the matrices go by here.
import { ENCODER, type UseLiteMatrix, useLiteMatrixNames } from './use-lite-matrices.ts';

export interface Norm {
  /** [width] each. */
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

export interface UseLiteConstants {
  /** [8002, 256] */
  readonly embedding: Float32Array;
  /** [128], inverse. */
  readonly timescales: Float32Array;
  /** Added to each matrix's product, [N]. */
  readonly biases: Readonly<Record<UseLiteMatrix, Float32Array>>;
  /** Of both layers: before attention and before the feed-forward part. */
  readonly norms: readonly [LayerNorms, LayerNorms];
}
export type LayerNorms = Readonly<Record<'attention' | 'ffn', Norm>>;

/** `read` gives tensors by tfjs's own names. */
export function readUseLiteConstants(read: (name: string) => Float32Array): UseLiteConstants {
  const biases = useLiteMatrixNames.map((matrix) => [matrix, read(biasOf(matrix))]);
  const norm = (at: string): Norm => ({
    scale: read(`${at}/layer_prepostprocess/layer_norm/layer_norm_scale/ConcatPartitions/concat`),
    bias: read(`${at}/layer_prepostprocess/layer_norm/layer_norm_bias/ConcatPartitions/concat`),
  });
  const norms = (layer: 0 | 1): LayerNorms => ({ attention: norm(layerAt(layer)), ffn: norm(`${layerAt(layer)}/FFN`) });
  return {
    embedding: read('module/Embeddings_en'),
    timescales: read(`${ENCODER}/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`),
    biases: Object.fromEntries(biases) as UseLiteConstants['biases'],
    norms: [norms(0), norms(1)],
  };
}

function layerAt(layer: number | string): string {
  return `${ENCODER}/Layer_${layer}/TransformerLayer`;
}

const PLACES: Readonly<Record<string, string>> = {
  qkv: 'MultiheadAttention/qkv_transform_single',
  out: 'MultiheadAttention/output_transform_single',
  fc1: 'FFN/conv1',
  fc2: 'FFN/conv2',
};

function biasOf(matrix: UseLiteMatrix): string {
  if (matrix === 'tanh') return 'module/Encoder_en/hidden_layers/tanh_layer_0/bias';
  const [layer, name] =
    matrix === 'dense' ? ['0', 'dense'] : [matrix.slice('layer'.length, -4), PLACES[matrix.slice(-3)]];
  return `${layerAt(layer)}/${name}/bias/ConcatPartitions/concat`;
}
