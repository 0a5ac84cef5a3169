import type { AttentionProblem } from '../../bench/contract/problem.ts';
import {
  type Gpu,
  type GpuBuffer,
  type GpuProgram,
  isOfGpu,
  type Resident,
  type ResidentBytes,
} from '../../bench/contract/runtimes/gpujs.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { fromBits } from '../grid/bits.ts';
import { firstInteger } from '../grid/gpu-digits.ts';
import type { GridLayout } from '../grid/layout.ts';
import {
  HIDDEN,
  outputThreads,
  paddedKeys,
  prepareAttention,
  rowsOfHead,
  scoring,
} from '../naive-attention/gpu-attention.ts';
import { exponentials, rowMax } from '../naive-attention/gpu-values.ts';
import { exponentialsOfVectors, rowStatisticsOfVectors } from '../naive-attention/gpu-vectors.ts';
import { turnBlocks } from '../transforms/hadamard-gpu.ts';
import { BLOCK, blocksOf, matrixOf, type QuantizedRows, storedBytesOf } from './cache.ts';
import type { KvCacheContext } from './context.ts';
import { scoresOfCodes, weightedCodes } from './gpu-values.ts';
import { type DigitConstants, scoresOfDigits, weightedDigits } from './gpu-vectors.ts';

/** All rows and all keys at once, as in naive attention. */
export function gpuKvCache(context: KvCacheContext<Gpu>): Promise<PreparedKernel<'attention'>> {
  const { packed, problem, runtime } = context;
  const append = isOfGpu(runtime.mode) ? appendVectors : appendValues;
  return prepareAttention(runtime, problem, {
    storedBytes: storedBytesOf(packed),
    tileRows: problem.heads * rowsOfHead(runtime, problem),
    build: async (program, Q) => [await append(context, program, Q)],
  });
}

async function appendVectors(
  { packed, layout, problem, hadamard, runtime }: KvCacheContext<Gpu>,
  program: GpuProgram,
  Q: GpuBuffer,
): Promise<GpuBuffer> {
  const { heads, M, headDim, seqLen } = problem;
  const rows = heads * M;
  const keys = roundUp(seqLen, 4);
  const fours = keys / 4;
  const dims = roundUp(headDim, 4);
  const digits = digitsOf(layout);
  const turned = hadamard === undefined ? Q : await turnBlocks(program, Q, headDim, hadamard, true);
  const S = await program.step(scoresOfDigits, {
    threads: [fours, rows],
    constants: {
      ...digits,
      K: { vectors: digitBytes(packed.K, layout, problem, digits) },
      scales: paddedScales(packed.K, problem),
      fours: dims / 4,
      blocks: blocksOf(problem),
      texels: BLOCK / (4 * digits.digits),
      ...scoring(runtime, problem, { tileRows: rows, tileKeys: keys }),
    },
    inputs: [{ vectors: turned }],
  });
  const statistics = await program.step(rowStatisticsOfVectors, {
    threads: [rows],
    constants: { fours, hidden: HIDDEN },
    inputs: [{ vectors: S }],
  });
  const P = await program.step(exponentialsOfVectors, {
    threads: [fours, rows],
    constants: {},
    inputs: [{ vectors: S }, { vectors: statistics }],
  });
  return program.step(weightedDigits, {
    threads: outputThreads(runtime, problem, rows),
    constants: {
      ...digits,
      V: { vectors: digitBytes(packed.V, layout, problem, digits) },
      scales: paddedScales(packed.V, problem),
      fours,
      rowsOfHead: rowsOfHead(runtime, problem),
    },
    inputs: [P, { vectors: statistics }],
  });
}

async function appendValues(
  { packed, layout, problem, hadamard, runtime }: KvCacheContext<Gpu>,
  program: GpuProgram,
  Q: GpuBuffer,
): Promise<GpuBuffer> {
  const { heads, headDim, seqLen } = problem;
  const rows = heads * rowsOfHead(runtime, problem);
  const keys = roundUp(seqLen, 4);
  const dims = roundUp(headDim, 4);
  const turned = hadamard === undefined ? Q : await turnBlocks(program, Q, headDim, hadamard, false);
  const S = await program.step(scoresOfCodes, {
    threads: [keys, rows / 4],
    constants: {
      K: paddedKeys(integersOf(packed.K, layout, problem), problem),
      scales: paddedScales(packed.K, problem),
      dims,
      blocks: blocksOf(problem),
      ...scoring(runtime, problem, { tileRows: rows, tileKeys: keys }),
    },
    inputs: [turned],
  });
  const constants = { keys, hidden: HIDDEN };
  const largest = await program.step(rowMax, { threads: [rows / 4], constants, inputs: [S] });
  const P = await program.step(exponentials, { threads: [keys, rows / 4], constants: {}, inputs: [S, largest] });
  return program.step(weightedCodes, {
    threads: outputThreads(runtime, problem, rows),
    constants: {
      V: paddedKeys(integersOf(packed.V, layout, problem), problem),
      scales: paddedScales(packed.V, problem),
      keys,
      rowsOfHead: rowsOfHead(runtime, problem),
    },
    inputs: [P],
  });
}

/** What codes stand for before they are scaled, [heads,seqLen,headDim]. */
function integersOf({ codes }: QuantizedRows, { bits, values }: GridLayout, problem: AttentionProblem): Float32Array {
  return Float32Array.from(fromBits(codes, matrixOf(problem).N, problem.headDim, bits), (code) => values[code]);
}

function digitsOf(layout: GridLayout): DigitConstants {
  const base = 2 ** layout.bits;
  return { digits: 8 / layout.bits, base, inverse: 1 / base, zero: -(firstInteger(layout) ?? 0) };
}

/** Codes [heads,seqLen,headDim] as bytes [heads, keys, blocks·32/digits], zeros past their ends. */
function digitBytes(
  { codes }: QuantizedRows,
  { bits }: GridLayout,
  problem: AttentionProblem,
  { digits, base, zero }: DigitConstants,
): ResidentBytes {
  const { heads, seqLen, headDim } = problem;
  const all = fromBits(codes, matrixOf(problem).N, headDim, bits);
  const keys = roundUp(seqLen, 4);
  const row = (blocksOf(problem) * BLOCK) / digits;
  const bytes = new Uint8Array(heads * keys * row).fill(digits === 1 ? zero : zero * (base + 1));
  for (let i = 0; i < all.length; i++) {
    const key = Math.floor(i / headDim);
    const d = i % headDim;
    const four = d >> 2;
    const unit = base ** (four % digits);
    const at = (Math.floor(key / seqLen) * keys + (key % seqLen)) * row + Math.floor(four / digits) * 4 + (d & 3);
    bytes[at] += (all[i] - zero) * unit;
  }
  return { size: [row, keys, heads], bytes };
}

/** Scales as f32, as gpu.js knows nothing else: [heads,keys,blocks], zeros past the last key. */
function paddedScales({ scales }: QuantizedRows, problem: AttentionProblem): Resident {
  const { heads, seqLen } = problem;
  const keys = roundUp(seqLen, 4);
  const blocks = blocksOf(problem);
  const values = new Float32Array(heads * keys * blocks);
  for (let h = 0; h < heads; h++) {
    values.set(scales.subarray(h * seqLen * blocks, (h + 1) * seqLen * blocks), h * keys * blocks);
  }
  return { size: [blocks, keys, heads], values };
}
