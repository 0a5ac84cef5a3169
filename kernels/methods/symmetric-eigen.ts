// The largest eigenvalues of a symmetric matrix and their vectors: Householder's reduction to tridiagonal form, bisection by
// Sturm counts, inverse iteration. Golub and Van Loan, Matrix Computations, §8.3 and §8.4; Parlett, The Symmetric Eigenvalue
// Problem, ch. 4 and 7. All in float64 and in one order, so equal input gives equal output.

export interface Eigenpairs {
  /** Descending. */
  readonly values: Float64Array;
  /** [values.length, n], orthonormal rows. */
  readonly vectors: Float64Array;
}

/**
 * At most `count` eigenpairs of A [n,n], of which only the lower triangle is read, and which is overwritten. Those that lie
 * within rounding of zero or below are left out: of the pairs of a positive semi-definite matrix, what it does not have.
 */
export function largestEigenpairs(A: Float64Array, n: number, count: number): Eigenpairs {
  const T = tridiagonalise(A, n);
  const values = largestEigenvalues(T, n, Math.min(count, n));
  const vectors = inverseIteration(T, n, values);
  rotateBack(A, T.h, n, vectors);
  return { values, vectors };
}

interface Tridiagonal {
  /** [n] the diagonal. */
  readonly d: Float64Array;
  /** [n] e[i] stands between d[i − 1] and d[i]; e[0] is 0. */
  readonly e: Float64Array;
  /** [n] half the squared length of each reflector, 0 where there is none. */
  readonly h: Float64Array;
}

/** A = QTQᵀ. Reflector i is left in A[i, 0 … i − 1]. */
function tridiagonalise(A: Float64Array, n: number): Tridiagonal {
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const h = new Float64Array(n);
  const p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const u = A.subarray(i * n, i * n + i);
    e[i] = reflect(u, h, i);
    if (h[i] === 0) continue;
    multiplySymmetric(A, n, u, p);
    let inner = 0;
    for (let k = 0; k < i; k++) {
      p[k] /= h[i];
      inner += p[k] * u[k];
    }
    const half = inner / (2 * h[i]);
    for (let k = 0; k < i; k++) p[k] -= half * u[k];
    for (let j = 0; j < i; j++) {
      const row = A.subarray(j * n, j * n + j + 1);
      const [uj, pj] = [u[j], p[j]];
      for (let k = 0; k <= j; k++) row[k] -= uj * p[k] + pj * u[k];
    }
  }
  for (let i = 0; i < n; i++) d[i] = A[i * n + i];
  return { d, e, h };
}

/** Turns a row into the reflector that leaves only its last entry; returns that entry. */
function reflect(u: Float64Array, h: Float64Array, i: number): number {
  let sum = 0;
  for (const x of u) sum += x * x;
  const last = u[i - 1];
  if (sum === last * last) return last;
  const entry = last > 0 ? -Math.sqrt(sum) : Math.sqrt(sum);
  h[i] = sum - last * entry;
  u[i - 1] = last - entry;
  return entry;
}

/** p = A·u over the leading part as long as u, by its lower triangle. */
function multiplySymmetric(A: Float64Array, n: number, u: Float64Array, p: Float64Array): void {
  for (let j = 0; j < u.length; j++) {
    const row = A.subarray(j * n, j * n + j + 1);
    const uj = u[j];
    let sum = row[j] * uj;
    for (let k = 0; k < j; k++) {
      sum += row[k] * u[k];
      p[k] += row[k] * uj;
    }
    p[j] = sum;
  }
}

/** Eigenvalues of T above rounding, the largest first. */
function largestEigenvalues(T: Tridiagonal, n: number, count: number): Float64Array {
  const most = boundOf(T, n);
  const least = n * Number.EPSILON * most;
  const values: number[] = [];
  let high = most * (1 + Number.EPSILON);
  for (let j = 0; j < count && countAbove(T, n, least) > j; j++) {
    let low = least;
    for (;;) {
      const middle = low + (high - low) / 2;
      if (middle <= low || middle >= high) break;
      if (countAbove(T, n, middle) > j) low = middle;
      else high = middle;
    }
    values.push(low);
    // The next one is at most as large.
    high = low + 2 * Number.EPSILON * low;
  }
  return Float64Array.from(values);
}

/** Gershgorin's bound on the magnitude of every eigenvalue. */
function boundOf({ d, e }: Tridiagonal, n: number): number {
  let most = 0;
  for (let i = 0; i < n; i++) {
    most = Math.max(most, Math.abs(d[i]) + Math.abs(e[i]) + (i + 1 < n ? Math.abs(e[i + 1]) : 0));
  }
  return most;
}

/** How many eigenvalues are larger than x: as many as T − x has positive pivots. */
function countAbove({ d, e }: Tridiagonal, n: number, x: number): number {
  let count = 0;
  let pivot = 1;
  for (let i = 0; i < n; i++) {
    pivot = d[i] - x - (e[i] * e[i]) / pivot;
    if (pivot === 0) pivot = -Number.MIN_VALUE;
    if (pivot > 0) count++;
  }
  return count;
}

/** Solves with T − value from a start that no eigenvector is likely to be orthogonal to; more steps add nothing. */
const STEPS = 3;

/** The vectors of T's eigenvalues [values.length, n]; each is kept orthogonal to those before, so that clusters come apart. */
function inverseIteration(T: Tridiagonal, n: number, values: Float64Array): Float64Array {
  const vectors = new Float64Array(values.length * n);
  const apart = 10 * Number.EPSILON * (values[0] ?? 0);
  let shift = Number.POSITIVE_INFINITY;
  for (let j = 0; j < values.length; j++) {
    shift = Math.min(values[j], shift - apart);
    const solve = factorised(T, n, shift, apart);
    const x = vectors.subarray(j * n, (j + 1) * n);
    for (let i = 0; i < n; i++) x[i] = (((i + 1) * (j + 1) * GOLDEN_RATIO) % 1) - 0.5;
    for (let step = 0; step < STEPS; step++) {
      solve(x);
      normalise(x);
      for (let other = 0; other < j; other++) removePart(x, vectors.subarray(other * n, (other + 1) * n));
      normalise(x);
    }
  }
  return vectors;
}

/** Its multiples are spread evenly modulo 1. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Solves (T − shift)·x = b in place of b, by elimination with exchanges of rows; `tiny` takes the place of pivots of 0. */
function factorised({ d, e }: Tridiagonal, n: number, shift: number, tiny: number): (b: Float64Array) => void {
  const pivots = new Float64Array(n);
  const next = new Float64Array(n);
  const afterNext = new Float64Array(n);
  const factors = new Float64Array(n);
  const isExchanged = new Uint8Array(n);
  let p = d[0] - shift;
  let q = n > 1 ? e[1] : 0;
  for (let i = 0; i < n - 1; i++) {
    const below = e[i + 1];
    const diagonal = d[i + 1] - shift;
    const beside = i + 2 < n ? e[i + 2] : 0;
    isExchanged[i] = Math.abs(below) > Math.abs(p) ? 1 : 0;
    if (isExchanged[i] === 1) {
      pivots[i] = below;
      next[i] = diagonal;
      afterNext[i] = beside;
      factors[i] = p / below;
      p = q - factors[i] * diagonal;
      q = -factors[i] * beside;
    } else {
      pivots[i] = p === 0 ? tiny : p;
      next[i] = q;
      factors[i] = below / pivots[i];
      p = diagonal - factors[i] * q;
      q = beside;
    }
  }
  pivots[n - 1] = p === 0 ? tiny : p;
  return (b) => {
    for (let i = 0; i < n - 1; i++) {
      const here = b[i];
      if (isExchanged[i] === 1) {
        b[i] = b[i + 1];
        b[i + 1] = here - factors[i] * b[i];
      } else {
        b[i + 1] -= factors[i] * here;
      }
    }
    for (let i = n - 1; i >= 0; i--) {
      const right = i + 1 < n ? next[i] * b[i + 1] : 0;
      b[i] = (b[i] - right - (i + 2 < n ? afterNext[i] * b[i + 2] : 0)) / pivots[i];
    }
  };
}

function normalise(x: Float64Array): void {
  let sum = 0;
  for (const value of x) sum += value * value;
  const norm = Math.sqrt(sum);
  for (let i = 0; i < x.length; i++) x[i] /= norm;
}

/** Leaves of x what is orthogonal to a vector of length 1. */
function removePart(x: Float64Array, unit: Float64Array): void {
  let inner = 0;
  for (let i = 0; i < x.length; i++) inner += x[i] * unit[i];
  for (let i = 0; i < x.length; i++) x[i] -= inner * unit[i];
}

/** Vectors of T → vectors of A, each by all reflectors. */
function rotateBack(A: Float64Array, h: Float64Array, n: number, vectors: Float64Array): void {
  for (let i = 1; i < n; i++) {
    if (h[i] === 0) continue;
    const u = A.subarray(i * n, i * n + i);
    for (let from = 0; from < vectors.length; from += n) {
      let inner = 0;
      for (let k = 0; k < i; k++) inner += u[k] * vectors[from + k];
      const scale = inner / h[i];
      for (let k = 0; k < i; k++) vectors[from + k] -= scale * u[k];
    }
  }
}
