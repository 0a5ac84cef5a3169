import { expect, test } from 'vitest';
import { type Grid, roundToNearest } from '../grid/grid.ts';
import { encodeInteger, integers } from '../grid/integers.ts';
import { decodeChoice } from '../grid/layout.ts';
import { signedGroups } from '../grid/signed-groups.ts';
import { gptq, roundAgainst } from './gptq.ts';
import vectors from './gptq-vectors.json' with { type: 'json' };
import { dampedHessian } from './hessian.ts';
import { correlatedRows, decoded, gaussianWeights, lossOf, oneScale, tableGroups } from './methods.fixture.ts';
import { outputError } from './output-error.ts';
import { gram } from './statistics.ts';

const shape = { N: 12, K: 224 };
const W = gaussianWeights(shape, 1);
const calibration = correlatedRows(500, shape.K, 2, 0);
const heldOut = correlatedRows(100, shape.K, 2, 1);

/** XᵀX = 9·I. */
function orthogonalRows(K: number) {
  const X = new Float32Array(K * K);
  for (let k = 0; k < K; k++) X[k * K + k] = k % 2 === 0 ? 3 : -3;
  return { X, rows: K };
}

test.each([
  ['groups of 32', signedGroups(4, 32, {})],
  ['groups with a zero point', signedGroups(3, 32, { zero: 'f16' })],
  ['groups that lazy blocks of 128 cut', signedGroups(4, 96, {})],
  ['groups longer than a lazy block', signedGroups(4, 192, {})],
  ['a scale for each row', signedGroups(4, shape.K, {})],
  ['one scale for all', oneScale(shape)],
  ['a table', tableGroups(64)],
])('with the identity as Hessian it is round to nearest: %s', (_, grid) => {
  const nearest = roundToNearest(grid, W, shape);
  for (const actOrder of [false, true]) {
    const { choice } = gptq.choose(W, shape, grid, { calibration: orthogonalRows(shape.K), actOrder });
    expect(choice).toEqual(nearest);
  }
});

test('a channel that calibration never uses is rounded to nearest', () => {
  const grid = signedGroups(4, shape.K, {});
  const X = calibration.X.map((x, i) => (i % shape.K === 7 ? 0 : x));
  const { choice } = gptq.choose(W, shape, grid, { calibration: { X, rows: calibration.rows } });
  const nearest = roundToNearest(grid, W, shape);
  for (let n = 0; n < shape.N; n++) expect(choice.codes[n * shape.K + 7]).toBe(nearest.codes[n * shape.K + 7]);
});

test.each([
  ['int4', signedGroups(4, 64, {})],
  ['int3 with a zero point', signedGroups(3, 64, { zero: 'f16' })],
  ['a table', tableGroups(64)],
  ['one scale', oneScale(shape)],
])('outputs of other inputs of the same kind come out closer, in either order of columns: %s', (_, grid) => {
  const nearest = lossOf(decodeChoice(roundToNearest(grid, W, shape), grid.layout, shape), W, shape, heldOut);
  const before = W.slice();
  for (const actOrder of [false, true]) {
    const got = decoded(gptq.choose(W, shape, grid, { calibration, actOrder }), grid, shape);
    expect(lossOf(got, W, shape, heldOut)).toBeLessThan(0.6 * nearest);
  }
  expect(W).toEqual(before);
});

test.each([24, 40])(
  '%d calibration rows, far fewer than channels, do not make it worse than round to nearest',
  (rows) => {
    const grid = signedGroups(4, 64, {});
    const nearest = lossOf(decodeChoice(roundToNearest(grid, W, shape), grid.layout, shape), W, shape, heldOut);
    const few = { X: calibration.X.subarray(0, rows * shape.K), rows };
    expect(
      lossOf(decoded(gptq.choose(W, shape, grid, { calibration: few }), grid, shape), W, shape, heldOut),
    ).toBeLessThan(nearest);
  },
);

test('on four columns of 2 bits its loss lies between the best of all choices and round to nearest', () => {
  const fixed: Grid = {
    layout: { bits: 2, values: integers(2, 2), group: 4, scale: { shared: { type: 'f32', every: 1 } } },
    block: 4,
    fit: (_, at, into) => {
      into.scales![at.group] = 1;
    },
    encode: encodeInteger(2, 2),
  };
  const tiny = { N: 1, K: 4 };
  const sums = { best: 0, gptq: 0, nearest: 0 };
  for (let seed = 0; seed < 20; seed++) {
    const calibration = correlatedRows(50, 4, seed, 0);
    const H = dampedHessian(calibration, 4);
    const w = gaussianWeights(tiny, seed).map((x) => 20 * x);
    const loss = (values: ArrayLike<number>) =>
      outputError(
        Float64Array.from(w, (x, k) => values[k] - x),
        H,
        1,
        4,
      );
    const all = Array.from({ length: 256 }, (_, i) => loss([0, 2, 4, 6].map((bit) => ((i >> bit) & 3) - 2)));
    const best = Math.min(...all);
    const got = loss(decoded(gptq.choose(w, tiny, fixed, { calibration }), fixed, tiny));
    expect(got).toBeGreaterThanOrEqual(best * (1 - 1e-12));
    sums.best += best;
    sums.gptq += got;
    sums.nearest += loss(decodeChoice(roundToNearest(fixed, w, tiny), fixed.layout, tiny));
  }
  expect(sums.gptq).toBeLessThan(sums.nearest);
  expect(sums.gptq).toBeGreaterThan(sums.best);
});

const floats = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

test.each(Object.entries(vectors.cases))(
  'codes and scales are those of the reference’s own steps in numpy: %s',
  (name, { codes, scales }) => {
    const reference = { N: vectors.N, K: vectors.K };
    const X = floats(vectors.X);
    const H = gram({ X, rows: X.length / vectors.K }, vectors.K);
    let damping = 0;
    for (let k = 0; k < vectors.K; k++) damping += (0.01 * H[k * vectors.K + k]) / vectors.K;
    for (let k = 0; k < vectors.K; k++) H[k * vectors.K + k] += damping;
    const grid = signedGroups(4, name.startsWith('groups') ? 8 : vectors.K, {});
    const choice = roundAgainst(H, floats(vectors.W), reference, grid, name.endsWith('by activations'));
    expect(Array.from(choice.codes, (code) => code.toString(16)).join('')).toBe(codes);
    expect(choice.scales).toEqual(Float16Array.from(floats(scales)));
  },
);
