import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Wasm } from '../../bench/contract/runtimes/wasm.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { MR } from '../dense/blocks.ts';
import { trimColumns } from '../dense/wasm.ts';
import { planeStride } from '../grid/bits.ts';
import { KC } from '../grid/blocks.ts';
import type { GridContext } from '../grid/context.ts';
import { paddedRows } from '../panels.ts';

/** K is padded to whole blocks of the one-row product. */
const BLOCK = 32;
/** k in a 32-bit lane. */
const WORD = 8;
const ZERO = 0x88;
/** A unit and two sums a group. */
const UNIT_BYTES = 12;

/** X [M,K] f32, W [N, ceil(K/2)] two nibbles a byte, scales [N, groups] f16 → Y [M,N] f32. */
export async function wasmInt4({
  packed,
  problem,
  grid,
  runtime,
}: GridContext<Wasm>): Promise<PreparedKernel<'matmul'>> {
  const { M, N, K } = problem;
  const { group: groupSize } = grid.layout;
  const { NR, threads } = runtime;
  const module = await runtime.open('int4');
  const ldY = paddedRows(N, NR);
  const panels = ldY / NR;
  const words = paddedRows(K, BLOCK) / WORD;
  const groups = Math.ceil(K / groupSize);
  const W = module.allocate((ldY * words * WORD) / 2);
  fillWords(packed.codes, problem, NR, words, module.u8(W, (ldY * words * WORD) / 2));
  const scales = module.allocate(2 * ldY * groups);
  fillScales(packed.scales!, N, groups, NR, module.u16(scales, ldY * groups));
  // One row is read in whole groups, and zeros past its end.
  const X = M === 1 ? module.allocate(4 * groups * groupSize) : module.scratch(4 * M * K);
  const Y = module.scratch(4 * M * ldY);
  const paddingBytes = 4 * M * (ldY - N);
  const common = {
    upload: (activations: { X: Float32Array }) => module.f32(X, M * K).set(activations.X),
    places: { X, Y, ldY },
    readOutput: () => trimColumns(module.f32(Y, M * ldY), M, N, ldY),
    dispose: module.close,
  };
  if (M === 1) {
    const digitBytes = 3 * groups * groupSize;
    const digits = module.allocate(digitBytes);
    const units = module.allocate(UNIT_BYTES * groups);
    const run = () => {
      module.run('splitX', groups, X, digits, units, groupSize);
      module.run('gemv', panels, digits, units, W, scales, Y, words, groups, groupSize, NR);
    };
    return { ...common, run, workspaceBytes: digitBytes + UNIT_BYTES * groups + paddingBytes };
  }
  const rowPanels = Math.ceil(M / MR);
  const packedX = module.scratch(4 * M * K);
  const scratch = module.allocate(4 * threads * KC * NR);
  const shape = [M, ldY, K, words, groups, groupSize, NR];
  const run = () => {
    module.run('packX', rowPanels, X, packedX, M, K);
    module.run('gemm', threads, threads, panels, packedX, W, scales, scratch, Y, ...shape);
  };
  return { ...common, run, workspaceBytes: 4 * M * K + 4 * threads * KC * NR + paddingBytes };
}

/** [N, ceil(K/2)] → [N/NR][words][NR][4]; byte i of a word holds its k = i and, in the high half, k = 4 + i. */
function fillWords(values: Uint8Array, { N, K }: MatmulProblem, NR: number, words: number, into: Uint8Array): void {
  into.fill(ZERO);
  for (let n = 0; n < N; n++) {
    const row = (n - (n % NR)) * words + (n % NR);
    for (let k = 0; k < K; k++) {
      const nibble = (values[n * planeStride(K, 4) + (k >> 1)] >> ((k & 1) * 4)) & 15;
      const at = (row + (k >> 3) * NR) * 4 + (k & 3);
      const shift = k & 4;
      into[at] = (into[at] & ~(15 << shift)) | (nibble << shift);
    }
  }
}

/** [N, groups] → [N/NR][groups][NR], the f16 as they are. */
function fillScales(
  scales: Float16Array | Float32Array,
  N: number,
  groups: number,
  NR: number,
  into: Uint16Array,
): void {
  const bits = new Uint16Array(scales.buffer, scales.byteOffset, scales.length);
  for (let n = 0; n < N; n++) {
    const panel = (n - (n % NR)) * groups + (n % NR);
    for (let g = 0; g < groups; g++) into[panel + g * NR] = bits[n * groups + g];
  }
}
