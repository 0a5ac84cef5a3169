import { expect, test } from 'vitest';
import { seededRandom } from '../../bench/statistics/random.ts';
import { truncatedSvd } from './svd.ts';
import { largestEigenpairs } from './symmetric-eigen.ts';

const gaussians = (seed: number, length: number) => {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => random.gaussian());
};

/** Orthonormal rows [count, n], by Gram and Schmidt. */
function orthonormal(seed: number, count: number, n: number): Float64Array {
  const Q = gaussians(seed, count * n);
  for (let i = 0; i < count; i++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const inner = dot(Q, i * n, Q, j * n, n);
        for (let k = 0; k < n; k++) Q[i * n + k] -= inner * Q[j * n + k];
      }
    }
    const norm = Math.sqrt(dot(Q, i * n, Q, i * n, n));
    for (let k = 0; k < n; k++) Q[i * n + k] /= norm;
  }
  return Q;
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, n: number): number {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a[i + k] * b[j + k];
  return sum;
}

/** How far the rows of V [count, n] are from orthonormal. */
function offOrthonormal(V: Float64Array, n: number): number {
  let worst = 0;
  for (let i = 0; i < V.length; i += n) {
    for (let j = 0; j <= i; j += n) worst = Math.max(worst, Math.abs(dot(V, i, V, j, n) - (i === j ? 1 : 0)));
  }
  return worst;
}

/** Σ σ·uᵀ·v [N,K] */
function compose(
  left: Float64Array,
  sigma: ArrayLike<number>,
  right: Float64Array,
  N: number,
  K: number,
): Float64Array {
  const A = new Float64Array(N * K);
  for (let r = 0; r < sigma.length; r++) {
    for (let n = 0; n < N; n++)
      for (let k = 0; k < K; k++) A[n * K + k] += sigma[r] * left[r * N + n] * right[r * K + k];
  }
  return A;
}

function distance(A: ArrayLike<number>, B: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < A.length; i++) sum += (A[i] - B[i]) ** 2;
  return Math.sqrt(sum);
}

const spectra = {
  falling: Array.from({ length: 24 }, (_, i) => 0.7 ** i),
  'equal values': [3, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.5],
  'nearly equal values': Array.from({ length: 20 }, (_, i) => 1 - i * 1e-6),
};

test.each(
  Object.entries(spectra).flatMap(([name, sigma]) => [
    { name, sigma, N: 60, K: 31 },
    { name, sigma, N: 29, K: 47 },
  ]),
)('known singular values are found and the rest is what Eckart and Young say: $name, $N × $K', ({ sigma, N, K }) => {
  const A = Float32Array.from(compose(orthonormal(1, sigma.length, N), sigma, orthonormal(2, sigma.length, K), N, K));
  const rank = 9;
  const svd = truncatedSvd(A, { N, K }, rank);
  svd.sigma.forEach((value, r) => {
    expect(Math.abs(value - sigma[r])).toBeLessThan(1e-6 * sigma[0]);
  });
  expect(offOrthonormal(svd.left, N)).toBeLessThan(1e-12);
  expect(offOrthonormal(svd.right, K)).toBeLessThan(1e-12);
  const rest = Math.hypot(...sigma.slice(rank));
  expect(Math.abs(distance(A, compose(svd.left, svd.sigma, svd.right, N, K)) - rest)).toBeLessThan(1e-5 * sigma[0]);
});

test('a matrix of low rank is exact at that rank, and no more than that is found', () => {
  const [N, K, rank] = [20, 33, 4];
  // Whole numbers, so that rounding to f32 adds no rank of its own.
  const whole = (seed: number, length: number) => gaussians(seed, length).map((value) => Math.round(3 * value));
  const A = Float32Array.from(compose(whole(1, rank * N), [1, 1, 1, 1], whole(2, rank * K), N, K));
  const svd = truncatedSvd(A, { N, K }, 10);
  expect(svd.sigma).toHaveLength(rank);
  const norm = Math.hypot(...A);
  expect(distance(A, compose(svd.left, svd.sigma, svd.right, N, K))).toBeLessThan(1e-13 * norm);
});

test.each([
  { name: 'zeros', A: new Float32Array(12), sigma: [] },
  { name: 'one row', A: Float32Array.of(0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0), sigma: [5] },
  // Diagonal as it stands, each value twice.
  { name: 'a diagonal', A: Float32Array.of(2, 0, 0, 0, 0, 1, 0, 0, 0, 0, -2, 0), sigma: [2, 2, 1] },
])('a matrix that splits into parts: $name', ({ A, sigma }) => {
  const svd = truncatedSvd(A, { N: 3, K: 4 }, 3);
  expect([...svd.sigma]).toHaveLength(sigma.length);
  svd.sigma.forEach((value, r) => {
    expect(value).toBeCloseTo(sigma[r], 14);
  });
  expect(distance(A, compose(svd.left, svd.sigma, svd.right, 3, 4))).toBeLessThan(1e-14);
});

test('tiny and huge weights lose nothing to underflow or overflow', () => {
  const A = Float32Array.from(gaussians(3, 40 * 12));
  const { sigma } = truncatedSvd(A, { N: 40, K: 12 }, 5);
  for (const scale of [2 ** -100, 2 ** 100]) {
    const scaled = truncatedSvd(
      A.map((a) => a * scale),
      { N: 40, K: 12 },
      5,
    );
    expect([...scaled.sigma.map((value) => value / scale)]).toEqual([...sigma]);
  }
});

test('equal input gives equal factors', () => {
  const A = Float32Array.from(gaussians(4, 50 * 70));
  expect(truncatedSvd(A, { N: 50, K: 70 }, 8)).toEqual(truncatedSvd(A, { N: 50, K: 70 }, 8));
});

test("Wilkinson's matrix, whose eigenvalues come in pairs that differ by less than rounding, has orthonormal vectors", () => {
  // Wilkinson, The Algebraic Eigenvalue Problem, ch. 5, §45: W₂₁⁺, its largest eigenvalue 10.746194182903393.
  const n = 21;
  const W = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    W[i * n + i] = Math.abs(i - 10);
    if (i > 0) W[i * n + i - 1] = W[(i - 1) * n + i] = 1;
  }
  const { values, vectors } = largestEigenpairs(W.slice(), n, 20);
  expect(values[0]).toBeCloseTo(10.746194182903393, 13);
  expect(values[1]).toBeCloseTo(10.746194182903322, 13);
  expect(offOrthonormal(vectors, n)).toBeLessThan(1e-13);
  values.forEach((value, r) => {
    for (let i = 0; i < n; i++) {
      expect(Math.abs(dot(W, i * n, vectors, r * n, n) - value * vectors[r * n + i])).toBeLessThan(1e-13);
    }
  });
});
