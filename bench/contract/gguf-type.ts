// Types of tensors in GGUF files: ggml-org/llama.cpp, ggml/include/ggml.h for their numbers, ggml/src/ggml-common.h for their blocks.

interface TypeLayout {
  /** As files spell the type. */
  readonly id: number;
  /** Weights of a row that lie together, and the bytes they take. */
  readonly weights: number;
  readonly bytes: number;
}

const block = (id: number, weights: number, bytes: number): TypeLayout => ({ id, weights, bytes });

export const ggufTypes = {
  F32: block(0, 1, 4),
  F16: block(1, 1, 2),
  Q4_0: block(2, 32, 18),
  Q4_1: block(3, 32, 20),
  Q5_0: block(6, 32, 22),
  Q5_1: block(7, 32, 24),
  Q8_0: block(8, 32, 34),
  Q8_1: block(9, 32, 36),
  Q2_K: block(10, 256, 84),
  Q3_K: block(11, 256, 110),
  Q4_K: block(12, 256, 144),
  Q5_K: block(13, 256, 176),
  Q6_K: block(14, 256, 210),
  Q8_K: block(15, 256, 292),
  IQ2_XXS: block(16, 256, 66),
  IQ2_XS: block(17, 256, 74),
  IQ3_XXS: block(18, 256, 98),
  IQ1_S: block(19, 256, 50),
  IQ4_NL: block(20, 32, 18),
  IQ3_S: block(21, 256, 110),
  IQ2_S: block(22, 256, 82),
  IQ4_XS: block(23, 256, 136),
  I8: block(24, 1, 1),
  I16: block(25, 1, 2),
  I32: block(26, 1, 4),
  I64: block(27, 1, 8),
  F64: block(28, 1, 8),
  IQ1_M: block(29, 256, 56),
  BF16: block(30, 1, 2),
  TQ1_0: block(34, 256, 54),
  TQ2_0: block(35, 256, 66),
  MXFP4: block(39, 32, 17),
  NVFP4: block(40, 64, 36),
} as const satisfies Readonly<Record<string, TypeLayout>>;

export type GgufType = keyof typeof ggufTypes;

/** That a tensor takes whose rows are whole blocks of the type. */
export function ggufBytes(type: GgufType, shape: readonly number[]): number {
  const { weights, bytes } = ggufTypes[type];
  return (shape.reduce((product, extent) => product * extent, 1) / weights) * bytes;
}
