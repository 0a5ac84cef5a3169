// Factors of symmetric matrices [K,K] in place, row-major, in float64. Blocked so that what the inner loops read stays in the
// cache: K = 1536 takes under a second.
import { addFourRows, addRow } from './add-rows.ts';

/** Columns factored together. */
const PANEL = 64;
/** Rows inverted together. */
const ROWS = 16;

/**
 * A = L·Lᵀ: reads the lower triangle of A, leaves L there and zeros above. Throws where A is not positive definite.
 */
export function cholesky(A: Float64Array, K: number): void {
  for (let from = 0; from < K; from += PANEL) {
    const to = Math.min(K, from + PANEL);
    subtractFactored(A, K, from, to);
    factorPanel(A, K, from, to);
  }
  for (let i = 0; i < K; i++) A.fill(0, i * K + i + 1, (i + 1) * K);
}

/** L [K,K] lower, zeros above → L⁻¹. */
export function invertLower(L: Float64Array, K: number): void {
  const factors = new Float64Array(ROWS * K);
  for (let from = 0; from < K; from += ROWS) {
    const to = Math.min(K, from + ROWS);
    factors.set(L.subarray(from * K, to * K));
    for (let i = from; i < to; i++) L.fill(0, i * K, (i + 1) * K);
    addInverted(L, K, from, to, factors);
    for (let i = from; i < to; i++) {
      const own = (i - from) * K;
      for (let k = from; k < i; k++) addRow(L, i * K, k + 1, L, k * K, factors[own + k]);
      const inverse = 1 / factors[own + i];
      for (let j = 0; j < i; j++) L[i * K + j] *= -inverse;
      L[i * K + i] = inverse;
    }
  }
}

/**
 * H [K,K] symmetric, positive definite → U upper with H⁻¹ = UᵀU, what GPTQ and SparseGPT read. Both orders of rows and
 * columns reversed, H = J·L·Lᵀ·J; then U = J·L⁻¹·J: one factorisation and one inverse, not two and one.
 */
export function upperFactorOfInverse(H: Float64Array, K: number): void {
  H.reverse();
  cholesky(H, K);
  invertLower(H, K);
  H.reverse();
}

/** A[i,j] −= Σ L[i,k]·L[j,k] over the columns k < from, for the panel's columns j and all rows below its first. */
function subtractFactored(A: Float64Array, K: number, from: number, to: number): void {
  let i = from;
  for (; i + 4 <= K; i += 4) {
    let j = from;
    for (; j + 2 <= to; j += 2) subtractTile(A, K, i, j, from);
    for (; j < to; j++) for (let r = i; r < i + 4; r++) A[r * K + j] -= dot(A, r * K, j * K, from);
  }
  for (; i < K; i++) for (let j = from; j < to; j++) A[i * K + j] -= dot(A, i * K, j * K, from);
}

/** Four rows by two columns of the above, whose sums fit the registers. */
function subtractTile(A: Float64Array, K: number, i: number, j: number, length: number): void {
  const a = i * K;
  const b = a + K;
  const c = b + K;
  const d = c + K;
  const p = j * K;
  const q = p + K;
  let ap = 0;
  let aq = 0;
  let bp = 0;
  let bq = 0;
  let cp = 0;
  let cq = 0;
  let dp = 0;
  let dq = 0;
  for (let k = 0; k < length; k++) {
    const x = A[p + k];
    const y = A[q + k];
    ap += A[a + k] * x;
    aq += A[a + k] * y;
    bp += A[b + k] * x;
    bq += A[b + k] * y;
    cp += A[c + k] * x;
    cq += A[c + k] * y;
    dp += A[d + k] * x;
    dq += A[d + k] * y;
  }
  A[a + j] -= ap;
  A[a + j + 1] -= aq;
  A[b + j] -= bp;
  A[b + j + 1] -= bq;
  A[c + j] -= cp;
  A[c + j + 1] -= cq;
  A[d + j] -= dp;
  A[d + j + 1] -= dq;
}

function factorPanel(A: Float64Array, K: number, from: number, to: number): void {
  for (let i = from; i < K; i++) {
    for (let j = from; j < Math.min(i, to); j++) {
      A[i * K + j] = (A[i * K + j] - dot(A, i * K + from, j * K + from, j - from)) / A[j * K + j];
    }
    if (i >= to) continue;
    const pivot = A[i * K + i] - dot(A, i * K + from, i * K + from, i - from);
    if (!(pivot > 0)) throw new Error(`cholesky: matrix must be positive definite, got pivot ${pivot} in row ${i}`);
    A[i * K + i] = Math.sqrt(pivot);
  }
}

function dot(A: Float64Array, x: number, y: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += A[x + k] * A[y + k];
  return sum;
}

/** Rows from … to of L += factors · the rows inverted so far, of which there is a multiple of four. */
function addInverted(L: Float64Array, K: number, from: number, to: number, factors: Float64Array): void {
  for (let k = 0; k < from; k += 4) {
    const s = k * K;
    for (let i = from; i < to; i++) {
      const f = (i - from) * K + k;
      const [f0, f1, f2, f3] = [factors[f], factors[f + 1], factors[f + 2], factors[f + 3]];
      addFourRows(L, i * K, k + 4, L, s, s + K, s + 2 * K, s + 3 * K, f0, f1, f2, f3);
    }
  }
}
