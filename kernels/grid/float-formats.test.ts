import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { MatmulProblem } from '../../bench/contract/problem.ts';
import type { Params, Technique } from '../../bench/contract/technique.ts';
import bf16 from '../bf16/technique.ts';
import f16 from '../f16/technique.ts';
import fp8 from '../fp8/technique.ts';
import mxfp4 from '../mxfp4/technique.ts';
import mxfp8 from '../mxfp8/technique.ts';
import { dynamicMap, NF4 } from '../nf4/codes.ts';
import nf4 from '../nf4/technique.ts';
import nvfp4 from '../nvfp4/technique.ts';
import { toBits } from './bits.ts';
import vectors from './float-formats-vectors.json' with { type: 'json' };
import { type Grid, roundToNearest } from './grid.ts';
import { decodeChoice, type GridWeights } from './layout.ts';
import { microscaling } from './microscaling.ts';
import { e2m1, e4m3, e5m2 } from './small-floats.ts';

const techniques: Readonly<Record<string, Technique>> = { nf4, mxfp4, mxfp8, nvfp4, fp8, f16, bf16 };
const formats = [...new Set(vectors.answers.map(({ format }) => format))];

/** Its technique, and parameters from the words after its name. */
function read(format: string): { technique: Technique; params: Params; bits: number } {
  const [id, ...values] = format.split(' ');
  const technique = techniques[id];
  const names = Object.keys({ ...technique.axes, ...technique.choices });
  const params = Object.fromEntries(values.map((value, i) => [names[i], value]));
  return { technique, params, bits: technique.columns!(params).bits! };
}

function problemOf(W: Float32Array, K: number): MatmulProblem {
  return { op: 'matmul', M: 1, N: W.length / K, K, weights: 'test', seed: 0 };
}

function pack(format: string, W: Float32Array, K: number) {
  const { technique, params } = read(format);
  const problem = problemOf(W, K);
  const packed = technique.pack({ W }, problem, params) as GridWeights;
  const { W: decoded } = technique.unpack(packed, problem, params) as { W: Float32Array };
  return { packed, decoded };
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function bytesIn(array: Float16Array | Float32Array | Uint8Array | undefined): Uint8Array | undefined {
  return array && new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const plain = new Float32Array(bytesOf(vectors.matrices.plain).buffer);
const matrices: Readonly<Record<string, Float32Array>> = {
  plain,
  mixed: new Float32Array(bytesOf(vectors.matrices.mixed).buffer),
  // More groups than one nested block has.
  tiled: Float32Array.from({ length: 18 * plain.length }, (_, i) => {
    return plain[i % plain.length] * (1 + Math.floor(i / plain.length) / 8);
  }),
};

test.each(vectors.answers)('$format of the $matrix matrix is bit for bit what its definition yields', (answer) => {
  const { K } = vectors;
  const W = matrices[answer.matrix];
  const { packed, decoded } = pack(answer.format, W, K);
  const stored = (text: string | undefined) => (text === undefined ? undefined : bytesOf(text));
  expect(bytesIn(packed.scaleCodes)).toEqual(stored(answer.scaleCodes));
  expect(bytesIn(packed.scales)).toEqual(stored(answer.scales));
  expect(bytesIn(packed.scaleOffset)).toEqual(stored(answer.scaleOffset));
  if (answer.codes !== undefined) {
    const { bits } = read(answer.format);
    const bytes = bytesOf(answer.codes);
    const codes = bits === 16 ? new Uint16Array(bytes.buffer) : bytes;
    expect(packed.codes).toEqual(toBits(codes, W.length / K, K, bits));
  }
  expect(createHash('sha256').update(bytesIn(decoded)!).digest('hex')).toBe(answer.decodedSha256);
});

/** MXFP4 saturates at 6 of 8. */
const MOST_OFF = 0.25;

test.each(formats)('%s keeps zeros, and is finite for one value, subnormals and the largest f16', (format) => {
  const K = 64;
  const decoded = (fill: (k: number) => number) =>
    pack(
      format,
      Float32Array.from({ length: 2 * K }, (_, k) => fill(k)),
      K,
    ).decoded;
  expect(decoded(() => 0).every((value) => value === 0)).toBe(true);
  for (const value of [0.7, -65504, 65504, 1e-6]) {
    expect(decoded(() => value).every((got) => Math.abs(got - value) <= MOST_OFF * Math.abs(value))).toBe(true);
  }
  for (const value of [1e-40, 1e-45, 3e38]) {
    const alternating = decoded((k) => (k % 2 === 0 ? value : -value));
    expect(alternating.every((got) => Math.abs(got) <= (1 + MOST_OFF) * value)).toBe(true);
  }
});

test.each(formats)('%s has no more error on a cosine than ggml allows NVFP4', (format) => {
  const n = 4096;
  const W = Float32Array.from({ length: n }, (_, i) => 0.1 + 2 * Math.cos(i));
  const { decoded } = pack(format, W, n);
  const squares = decoded.reduce((sum, value, i) => sum + (value - W[i]) ** 2, 0);
  expect(Math.sqrt(squares) / n).toBeLessThanOrEqual(0.003);
});

test.each([
  ['mxfp4', 4.25],
  ['mxfp8 e4m3', 8.25],
  ['nvfp4', 4.5],
  ['nf4', 4.5],
  ['nf4 yes', 4.127],
  ['fp8 e4m3 tensor', 8],
  ['f16', 16],
])('%s takes %d bits a weight', (format, bits) => {
  const { technique } = read(format);
  const W = new Float32Array(16 * 1024);
  const { values, indices, scales } = technique.bytes(pack(format, W, 1024).packed);
  expect((8 * (values + indices + scales)) / W.length).toBeCloseTo(bits, 2);
});

test('a shape that cuts a block in two is refused with its reason, not padded', () => {
  const skipped = Object.entries(techniques).flatMap(([id, technique]) => {
    const reason = technique.skip?.(problemOf(new Float32Array(72), 72), {});
    return reason === undefined ? [] : [[id, reason]];
  });
  expect(skipped).toEqual([
    ['nf4', 'K must be a multiple of 64, got 72'],
    ['mxfp4', 'K must be a multiple of 32, got 72'],
    ['mxfp8', 'K must be a multiple of 32, got 72'],
    ['nvfp4', 'K must be a multiple of 16, got 72'],
  ]);
});

test.each(Object.entries({ e2m1, e4m3, e5m2 }))(
  'MX blocks of %s fitted with importance err less where it is high',
  (_, element) => {
    const { K } = vectors;
    const importance = Float32Array.from({ length: K }, (_, k) => (k % 7 === 0 ? 10 : 0.1));
    const errorOf = (grid: Grid, given?: Float32Array) => {
      const shape = { N: plain.length / K, K };
      const decoded = decodeChoice(roundToNearest(grid, plain, shape, given), grid.layout, shape);
      return decoded.reduce((sum, value, i) => sum + importance[i % K] * (value - plain[i]) ** 2, 0);
    };
    const grid = microscaling(element);
    expect(errorOf(grid, importance)).toBeLessThan(errorOf(grid));
  },
);

test("NF4's codes are QLoRA's, ascending from −1 to 1 by way of 0", () => {
  expect([...NF4].sort((a, b) => a - b)).toEqual([...NF4]);
  expect([NF4[0], NF4[7], NF4[8], NF4[15]]).toEqual([-1, 0, Math.fround(0.07958029955625534), 1]);
});

test("the map of 8-bit scales is bitsandbytes's: 256 values, not symmetric, fine around 0", () => {
  expect(new Set(dynamicMap).size).toBe(256);
  expect([dynamicMap[0], dynamicMap[127], dynamicMap[255]]).toEqual([Math.fround(-0.99296875), 0, 1]);
  expect(dynamicMap[128]).toBeCloseTo(5.5e-7, 12);
});
