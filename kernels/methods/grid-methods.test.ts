import { expect, test } from 'vitest';
import { roundToNearest } from '../grid/grid.ts';
import { decodeChoice } from '../grid/layout.ts';
import { signedGroups } from '../grid/signed-groups.ts';
import { gridMethods } from './grid-methods.ts';
import { HQQ_P } from './hqq.ts';
import type { GridMethod } from './method.ts';
import {
  correlatedRows,
  decoded,
  gaussianWeights,
  lossOf,
  oneScale,
  powerScales,
  tableGroups,
} from './methods.fixture.ts';
import { channelStatistics } from './statistics.ts';

const shape = { N: 6, K: 70 };
const W = gaussianWeights(shape, 4);
const calibration = correlatedRows(300, shape.K, 6, 0);
const heldOut = correlatedRows(300, shape.K, 6, 1);
const grids = [
  ['int4, last group cut short', signedGroups(4, 32, {})],
  ['int3 with a zero point', signedGroups(3, 32, { zero: 'f16' })],
  ['int4, a scale for each row', signedGroups(4, 70, {})],
  ['int4, one scale', oneScale(shape)],
  ['table', tableGroups(20)],
  ['scales as powers of two', powerScales(32)],
] as const;
const methods: [string, GridMethod][] = Object.entries(gridMethods);

test('round to nearest is first, the neutral value', () => {
  expect(Object.keys(gridMethods)[0]).toBe('rtn');
});

test.each(methods)('%s leaves W alone, gives the same twice and codes that the format has', (_, method) => {
  for (const [, grid] of grids) {
    if (method.skip?.(grid, {}) !== undefined) continue;
    const before = W.slice();
    const first = method.choose(W, shape, grid, { calibration });
    expect(W).toEqual(before);
    expect(method.choose(W, shape, grid, { calibration })).toEqual(first);
    const got = decoded(first, grid, shape);
    expect(got.every(Number.isFinite)).toBe(true);
    const energy = W.reduce((sum, w) => sum + w * w, 0);
    expect(got.reduce((sum, w, i) => sum + (w - W[i]) ** 2, 0)).toBeLessThan(0.25 * energy);
  }
});

test.each(methods)('%s takes weights and activations that are all 0', (_, method) => {
  const zeros = { X: new Float32Array(4 * shape.K), rows: 4 };
  for (const [, grid] of grids) {
    if (method.skip?.(grid, {}) !== undefined) continue;
    const got = decoded(method.choose(new Float32Array(W.length), shape, grid, { calibration: zeros }), grid, shape);
    expect(got.every((w) => w === 0)).toBe(true);
    expect(decoded(method.choose(W, shape, grid, { calibration: zeros }), grid, shape).every(Number.isFinite)).toBe(
      true,
    );
  }
});

test.each(methods.filter(([, { needsCalibration }]) => needsCalibration))(
  '%s says that it needs calibration',
  (name, method) => {
    expect(() => method.choose(W, shape, grids[0][1], {})).toThrow(`${name}: needs calibration activations, got none`);
  },
);

const lookingAtOutputs = ['gptq', 'awq', 'autoround'];
test.each(
  methods
    .filter(([name]) => lookingAtOutputs.includes(name))
    .flatMap(([name, method]) => grids.map(([grid, of]) => [name, grid, method, of] as const)),
)('%s makes the outputs of other inputs no worse than round to nearest does: %s', (_name, _grid, method, grid) => {
  const nearest = lossOf(decodeChoice(roundToNearest(grid, W, shape), grid.layout, shape), W, shape, heldOut);
  const got = decoded(method.choose(W, shape, grid, { calibration }), grid, shape);
  expect(lossOf(got, W, shape, heldOut)).toBeLessThanOrEqual(nearest);
});

test.each(grids)('imatrix weighs errors by the mean square of what they meet: %s', (_, grid) => {
  const { meanSquare } = channelStatistics(calibration, shape.K);
  const weighted = (got: Float32Array) => got.reduce((sum, w, i) => sum + meanSquare[i % shape.K] * (w - W[i]) ** 2, 0);
  const nearest = weighted(decodeChoice(roundToNearest(grid, W, shape), grid.layout, shape));
  const got = weighted(decoded(gridMethods.imatrix.choose(W, shape, grid, { calibration }), grid, shape));
  expect(got).toBeLessThan(nearest);
});

test.each(grids.slice(0, 5))('hqq makes Σ|w − ŵ|^0.7 smaller without data: %s', (_, grid) => {
  const norm = (got: Float32Array) => got.reduce((sum, w, i) => sum + Math.abs(w - W[i]) ** HQQ_P, 0);
  const nearest = decodeChoice(roundToNearest(grid, W, shape), grid.layout, shape);
  expect(norm(decoded(gridMethods.hqq.choose(W, shape, grid, {}), grid, shape))).toBeLessThan(norm(nearest));
});

test('hqq says why it leaves formats alone whose scales are codes', () => {
  expect(gridMethods.hqq.skip!(powerScales(32), {})).toMatch(/needs scales stored as numbers/);
});

test('awq multiplies loud channels up', () => {
  const { channels } = gridMethods.awq.choose(W, shape, signedGroups(3, 32, {}), { calibration });
  const { meanAbs } = channelStatistics(calibration, shape.K);
  const order = Array.from(meanAbs.keys()).sort((a, b) => meanAbs[a] - meanAbs[b]);
  expect(channels![order[shape.K - 1]]).toBeGreaterThan(channels![order[0]]);
});
