// Against the packages that people use the methods from: `npm run oracles -- methods` computes the vectors anew.
import { expect, test } from 'vitest';
import { roundToNearest } from '../grid/grid.ts';
import { decodeChoice, type GridChoice } from '../grid/layout.ts';
import { signedGroups } from '../grid/signed-groups.ts';
import { smooth } from '../transforms/smooth.ts';
import { learnAgainst } from './autoround.ts';
import { awq } from './awq.ts';
import { roundAgainst } from './gptq.ts';
import { HQQ_P, hqq } from './hqq.ts';
import { keepShare, keepTwoOfFour } from './mask.ts';
import { lossOf } from './methods.fixture.ts';
import vectors from './packages-vectors.json' with { type: 'json' };
import { pruneAgainst } from './sparsegpt.ts';
import { gram } from './statistics.ts';
import { wanda } from './wanda.ts';

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));
const floats = (base64: string) => new Float32Array(bytes(base64).buffer);

const shape = { N: vectors.N, K: vectors.K };
const { K } = shape;
const W = floats(vectors.W);
const X = Float32Array.from(new Int8Array(bytes(vectors.X).buffer));
const calibration = { X, rows: X.length / K };
const groups = signedGroups(4, vectors.group, {});
const rows = signedGroups(4, K, {});

/** XᵀX with 1 % of its mean diagonal added to its diagonal, which is all that the packages add. */
function damped(): Float64Array {
  const H = gram(calibration, K);
  let sum = 0;
  for (let k = 0; k < K; k++) sum += H[k * K + k];
  for (let k = 0; k < K; k++) H[k * K + k] += (0.01 * sum) / K;
  return H;
}

const different = (got: ArrayLike<number>, digits: string) =>
  Array.from(digits).filter((digit, i) => got[i] !== Number.parseInt(digit, 16)).length;

/** How far the farthest number is from the package's. */
const distance = (got: ArrayLike<number>, want: Float32Array) => Math.max(...want.map((w, i) => Math.abs(got[i] - w)));

test('GPTQ chooses the codes of llm-compressor', () => {
  const { gptq } = vectors;
  expect(different(roundAgainst(damped(), W, shape, rows).codes, gptq.rows)).toBe(0);
  expect(different(roundAgainst(damped(), W, shape, groups, true).codes, gptq['groups by activations'])).toBe(0);
});

const rules = [
  ['2:4', keepTwoOfFour],
  ['half', keepShare(0.5)],
] as const;

test.each(rules)('Wanda keeps the weights that llm-compressor keeps: %s', (name, rule) => {
  expect(different(wanda(W, shape, rule, calibration).mask, vectors.wanda[name])).toBe(0);
});

test.each(rules)('SparseGPT keeps what llm-compressor keeps and changes it alike: %s', (name, rule) => {
  const pruned = pruneAgainst(damped(), Float64Array.from(W), shape, rule);
  expect(different(pruned.mask, vectors.sparsegpt[name].mask)).toBe(0);
  // Those of the package are rounded to five digits.
  expect(distance(pruned.W, floats(vectors.sparsegpt[name].W))).toBeLessThan(1e-5);
});

test('AWQ multiplies channels and clips groups as auto-round does', () => {
  const { choice, channels } = awq.choose(W, shape, groups, { calibration });
  expect(distance(channels!, floats(vectors.awq.channels))).toBeLessThan(1e-5);
  const clips = floats(vectors.awq.clips).map((clip, g) => {
    let largest = 0;
    for (let i = g * vectors.group; i < (g + 1) * vectors.group; i++)
      largest = Math.max(largest, Math.abs(W[i] * channels![i % K]));
    return Math.abs(8 * choice.scales![g]) / largest - clip;
  });
  // Scales are rounded to f16; the next clip is 0.05 away.
  expect(distance(clips, new Float32Array(clips.length))).toBeLessThan(1e-3);
});

test('SmoothQuant divides channels by what llm-compressor does, but for one factor', () => {
  const theirs = floats(vectors.smoothquant);
  const mean = Math.exp(theirs.reduce((sum, channel) => sum + Math.log(channel), 0) / K);
  const ratios = smooth(W, shape, calibration).channels.map((channel, k) => (channel * mean) / theirs[k]);
  expect(distance(ratios, new Float32Array(K).fill(1))).toBeLessThan(2e-5);
});

test.each(vectors.hqq)('HQQ leaves no more of Σ|w − ŵ|^0.7 than hqq: $bits bits, weights × $factor', (reference) => {
  const weights = W.map((w) => w * reference.factor);
  const left = (got: ArrayLike<number>) => weights.reduce((sum, w, i) => sum + Math.abs(got[i] - w) ** HQQ_P, 0);
  const [scales, zeros] = [floats(reference.scales), floats(reference.zeros)];
  const theirs = Array.from(reference.codes, (digit, i) => {
    const g = Math.floor(i / vectors.group);
    return (Number.parseInt(digit, 16) - zeros[g]) * scales[g];
  });
  const grid = signedGroups(reference.bits, vectors.group, { zero: 'f16' });
  const ours = decodeChoice(hqq.choose(weights, shape, grid, {}).choice, grid.layout, shape);
  expect(left(ours)).toBeLessThan(left(theirs));
  // Both take the same steps; ours keep the best of them and are stored in f16.
  expect(left(ours)).toBeGreaterThan(0.96 * left(theirs));
});

test('AutoRound leaves no more output error than auto-round, which tunes ranges in the same steps', () => {
  const left = (choice: GridChoice) => lossOf(decodeChoice(choice, groups.layout, shape), W, shape, calibration);
  const ours = left(learnAgainst(damped(), W, shape, groups)) / left(roundToNearest(groups, W, shape));
  expect(ours).toBeLessThan(vectors.autoround['rounding and range']);
});
