// The two products of attention, for four queries at once or for one, over a run of keys; naive and tiled attention
// differ in how many keys that run holds, not in these.

/** Queries that share a pass over the keys. */
export const QUERIES = 4;

/**
 * S[q·ldS + j] = scale · Q[q]·K[j] for four queries and `count` keys.
 * @param q offset of the first query's headDim values in Q
 * @param key offset of the first key's headDim values in K
 */
export function scoreFour(
  Q: Float32Array,
  q: number,
  K: Float32Array,
  key: number,
  count: number,
  headDim: number,
  scale: number,
  S: Float32Array,
  ldS: number,
): void {
  for (let j = 0; j < count; j++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let at = q;
    const from = key + j * headDim;
    for (let k = from; k < from + headDim; k++) {
      const kd = K[k];
      a0 += Q[at] * kd;
      a1 += Q[at + headDim] * kd;
      a2 += Q[at + 2 * headDim] * kd;
      a3 += Q[at + 3 * headDim] * kd;
      at++;
    }
    S[j] = a0 * scale;
    S[j + ldS] = a1 * scale;
    S[j + 2 * ldS] = a2 * scale;
    S[j + 3 * ldS] = a3 * scale;
  }
}

/** The same for one query: four sums over headDim. */
export function scoreOne(
  Q: Float32Array,
  q: number,
  K: Float32Array,
  key: number,
  count: number,
  headDim: number,
  scale: number,
  S: Float32Array,
): void {
  const whole = headDim - (headDim % 4);
  for (let j = 0; j < count; j++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    const k = key + j * headDim;
    let d = 0;
    for (; d < whole; d += 4) {
      a0 += Q[q + d] * K[k + d];
      a1 += Q[q + d + 1] * K[k + d + 1];
      a2 += Q[q + d + 2] * K[k + d + 2];
      a3 += Q[q + d + 3] * K[k + d + 3];
    }
    for (; d < headDim; d++) a0 += Q[q + d] * K[k + d];
    S[j] = (a0 + a1 + (a2 + a3)) * scale;
  }
}

/** O[q·headDim + d] += Σ_j P[q·ldP + j] · V[j, d] for four queries and `count` keys. */
export function weighFour(
  P: Float32Array,
  ldP: number,
  V: Float32Array,
  value: number,
  count: number,
  headDim: number,
  O: Float64Array,
): void {
  for (let d = 0; d < headDim; d++) {
    let a0 = 0;
    let a1 = 0;
    let a2 = 0;
    let a3 = 0;
    let v = value + d;
    for (let j = 0; j < count; j++) {
      const vd = V[v];
      a0 += P[j] * vd;
      a1 += P[j + ldP] * vd;
      a2 += P[j + 2 * ldP] * vd;
      a3 += P[j + 3 * ldP] * vd;
      v += headDim;
    }
    O[d] += a0;
    O[d + headDim] += a1;
    O[d + 2 * headDim] += a2;
    O[d + 3 * headDim] += a3;
  }
}

/** The same for one query: four keys at a time, so that O is read and written a quarter as often. */
export function weighOne(
  P: Float32Array,
  V: Float32Array,
  value: number,
  count: number,
  headDim: number,
  O: Float64Array,
): void {
  const whole = count - (count % 4);
  let j = 0;
  let v = value;
  for (; j < whole; j += 4) {
    const p0 = P[j];
    const p1 = P[j + 1];
    const p2 = P[j + 2];
    const p3 = P[j + 3];
    for (let d = 0; d < headDim; d++) {
      O[d] += p0 * V[v + d] + p1 * V[v + headDim + d] + (p2 * V[v + 2 * headDim + d] + p3 * V[v + 3 * headDim + d]);
    }
    v += 4 * headDim;
  }
  for (; j < count; j++) {
    for (let d = 0; d < headDim; d++) O[d] += P[j] * V[v + d];
    v += headDim;
  }
}
