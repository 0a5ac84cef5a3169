import type { Ort } from '../../bench/contract/runtimes/ort.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { planeStride } from '../grid/bits.ts';
import type { GridContext } from '../grid/context.ts';

/** Both sides of the product stay f32; ONNX Runtime's level 4 would round the activations to int8. */
const F32_ACTIVATIONS = 1;
/** Nibbles of zero: with a bias of 8 they stand for the weight 0. */
const TWO_ZEROS = 0x88;

/**
 * X [M,K] f32, W [N, ceil(K/groupSize), groupSize/2] two nibbles a byte, scales [N, ceil(K/groupSize)] → Y [M,N] f32.
 * The operator's nibbles are ours but for the padding of K to whole groups. Its scales are f32: f16 ones it accepts
 * only with f16 activations.
 */
export async function ortInt4({
  packed: { codes, scales },
  problem: { M, N, K },
  grid,
  runtime,
}: GridContext<Ort>): Promise<PreparedKernel<'matmul'>> {
  const { group: groupSize } = grid.layout;
  const groups = Math.ceil(K / groupSize);
  const program = await runtime.load({
    input: { name: 'X', dims: [M, K] },
    output: { name: 'Y', dims: [M, N] },
    nodes: [
      {
        op: 'MatMulNBits',
        domain: 'com.microsoft',
        inputs: ['X', 'W', 'scales'],
        output: 'Y',
        attributes: { K, N, bits: 4, block_size: groupSize, accuracy_level: F32_ACTIVATIONS },
      },
    ],
    initializers: [
      {
        name: 'W',
        dims: [N, groups, groupSize / 2],
        values: padRows(codes, N, planeStride(K, 4), (groups * groupSize) / 2),
      },
      { name: 'scales', dims: [N, groups], values: Float32Array.from(scales!) },
    ],
  });
  return { ...program, upload: ({ X }) => program.upload(X), workspaceBytes: undefined };
}

function padRows(values: Uint8Array, rows: number, stride: number, padded: number): Uint8Array {
  const spread = new Uint8Array(rows * padded).fill(TWO_ZEROS);
  for (let row = 0; row < rows; row++) spread.set(values.subarray(row * stride, (row + 1) * stride), row * padded);
  return spread;
}
