// GGUF's formats against ggml's own library and the gguf package: `npm run oracles` computes the vectors anew.
import { expect, test } from 'vitest';
import q4K from '../q4-k/technique.ts';
import q8_0 from '../q8-0/technique.ts';
import { q4Zero, q8Zero, ternary } from './ggml-signed.ts';
import { type BlockType, fromGgufBlocks, toGgufBlocks } from './gguf-blocks.ts';
import vectors from './gguf-vectors.json' with { type: 'json' };
import { eachBlock, encodeBlock, type Grid, roundToNearest } from './grid.ts';
import { iq4Nl } from './iq4-nl.ts';
import { kQuants } from './k-quants.ts';
import { decodeChoice, emptyChoice, type GridLayout, readChoice, storeChoice } from './layout.ts';
import { q4One } from './q4-1.ts';
import { q6K } from './q6-k.ts';

const grids = {
  Q8_0: q8Zero,
  Q4_0: q4Zero,
  Q4_1: q4One,
  Q4_K: kQuants(4),
  Q5_K: kQuants(5),
  Q6_K: q6K,
  IQ4_NL: iq4Nl,
  TQ1_0: ternary(1.6),
  TQ2_0: ternary(2),
} satisfies { [Type in BlockType]?: Grid };
type Own = keyof typeof grids;
const types = Object.keys(grids) as Own[];

interface Case {
  weights: string;
  blocks: Record<string, string>;
  blocksByImportance: Record<string, string>;
  restored: Record<string, string>;
}
const cases = Object.entries<Case>(vectors.cases);
const shape = { N: 1, K: 256 };

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

function floatsOf(text: string): Float32Array {
  return new Float32Array(bytesOf(text).buffer);
}

function blocksOf(type: Own, weights: string, importance?: string): Uint8Array {
  const choice = roundToNearest(
    grids[type],
    floatsOf(weights),
    shape,
    importance === undefined ? undefined : floatsOf(importance),
  );
  return toGgufBlocks(type, choice, shape);
}

function restoredBy(grid: Grid, weights: Float32Array, at = { N: 1, K: weights.length }): Float32Array {
  return decodeChoice(roundToNearest(grid, weights, at), grid.layout, at);
}

test.each(types)('%s has the bytes that ggml quantises to', (type) => {
  const named = (text: (own: Case) => string) => Object.fromEntries(cases.map(([name, own]) => [name, text(own)]));
  const ours = named(({ weights }) => Buffer.from(blocksOf(type, weights)).toString('base64'));
  expect(ours).toEqual(named(({ blocks }) => blocks[type]));
});

test.each(types.filter((type) => type in cases[0][1].blocksByImportance))(
  '%s has the bytes that ggml quantises to with an imatrix',
  (type) => {
    const named = (text: (own: Case) => string) => Object.fromEntries(cases.map(([name, own]) => [name, text(own)]));
    const ours = named(({ weights }) => Buffer.from(blocksOf(type, weights, vectors.importance)).toString('base64'));
    expect(ours).toEqual(named(({ blocksByImportance }) => blocksByImportance[type]));
  },
);

const mxfp4: GridLayout = {
  bits: 4,
  values: Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6),
  group: 32,
  scale: { coded: { bits: 8, values: Float32Array.from({ length: 256 }, (_, code) => 2 ** (code - 127)) } },
};

test.each<BlockType>([...types, 'MXFP4'])('%s read from a file are the weights that the gguf package reads', (type) => {
  const layout = type === 'MXFP4' ? mxfp4 : grids[type].layout;
  const restored = cases.filter(([, own]) => type in own.restored);
  expect(restored).not.toEqual([]);
  for (const [name, own] of restored) {
    const weights = decodeChoice(fromGgufBlocks(type, bytesOf(own.blocks[type]), shape), layout, shape);
    expect({ name, weights: [...weights] }).toEqual({ name, weights: [...floatsOf(own.restored[type])] });
  }
});

test.each<BlockType>([...types, 'MXFP4'])(
  '%s read and written again are the same bytes, of rows on end too',
  (type) => {
    const bytes = Buffer.concat(cases.map(([, { blocks }]) => bytesOf(blocks[type])));
    const rows = { N: cases.length, K: 256 };
    expect(Buffer.compare(bytes, toGgufBlocks(type, fromGgufBlocks(type, bytes, rows), rows))).toBe(0);
  },
);

// Limits of ggml's tests/test-quantize-fns.cpp: √Σd² / n of 4096 values.
test.each<[Own, number]>([
  ...types.filter((type) => !type.startsWith('TQ')).map((type): [Own, number] => [type, 0.002]),
  ['TQ1_0', 0.01],
  ['TQ2_0', 0.01],
])('%s restores cosines within %f, as ggml demands of itself', (type, limit) => {
  const weights = Float32Array.from({ length: 4096 }, (_, i) => 0.1 + 2 * Math.cos(i));
  const restored = restoredBy(grids[type], weights);
  const error = Math.hypot(...weights.map((weight, i) => weight - restored[i])) / weights.length;
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(limit);
});

test.each(types)('%s packs into bits and back without loss', (type) => {
  const { layout } = grids[type];
  const choice = roundToNearest(grids[type], floatsOf(vectors.cases.gaussians.weights), shape);
  expect(readChoice(storeChoice(choice, layout, shape), layout, shape)).toEqual(choice);
});

test.each(types)('%s restores zeros as zeros, and subnormal weights too, which no f16 scale can hold', (type) => {
  for (const weights of [new Float32Array(256), Float32Array.from({ length: 256 }, (_, i) => (i - 100) * 2 ** -145)]) {
    expect(Math.max(...restoredBy(grids[type], weights).map(Math.abs))).toBe(0);
  }
});

test.each(types)('%s restores one value, and the largest f16, within a step', (type) => {
  const steps = 2 ** grids[type].layout.bits;
  for (const value of [0.3, -0.7, 65504, -65504]) {
    const restored = restoredBy(grids[type], new Float32Array(256).fill(value));
    for (const weight of restored) expect(Math.abs(weight / value - 1)).toBeLessThan(1 / steps / 2);
  }
  const signs = Float32Array.from({ length: 256 }, (_, i) => 65504 * Math.sign(Math.sin(i * i + 1)));
  const restored = restoredBy(grids[type], signs);
  // The largest level below zero is a step larger than the largest above.
  for (let i = 0; i < 256; i++) expect(Math.abs(restored[i] / signs[i] - 1)).toBeLessThan(2.01 / steps);
});

test.each(types)('%s: what a method encodes one by one under fitted scales is as near as what ggml rounds', (type) => {
  const grid = grids[type];
  for (const [name, own] of cases) {
    const weights = floatsOf(own.weights);
    const choice = emptyChoice(grid.layout, shape);
    eachBlock(grid, weights, shape, (block, at) => {
      grid.fit(block, at, choice);
      encodeBlock(grid, block, at, choice, shape.K);
    });
    const error = (restored: Float32Array) => Math.hypot(...weights.map((weight, i) => weight - restored[i]));
    const rounded = error(restoredBy(grid, weights));
    const encoded = error(decodeChoice(choice, grid.layout, shape));
    expect({ name, excess: Math.max(0, encoded - rounded * (1 + 1e-6)) }).toEqual({ name, excess: 0 });
  }
});

test.each([
  { technique: q4K, K: 512, reason: undefined },
  { technique: q4K, K: 288, reason: 'K must be a multiple of 256, got 288; llama.cpp falls back to Q5_0' },
  { technique: q4K, K: 261, reason: 'K must be a multiple of 256, got 261; llama.cpp falls back to F16' },
  { technique: q8_0, K: 96, reason: undefined },
  { technique: q8_0, K: 7, reason: 'K must be a multiple of 32, got 7' },
])('$technique.summary: K = $K', ({ technique, K, reason }) => {
  expect(technique.skip?.({ op: 'matmul', M: 1, N: 1, K, weights: 'gaussian', seed: 0 }, {})).toBe(reason);
});
