// All that attention does for a panel of NR queries beside its two products; the same for naive and tiled attention. Scores
// are multiplied by log₂e, so that powers of two take the place of exponentials. What is subtracted before them is the largest
// score rounded up to an integer, the `reference`: then the subtraction is exact, and so is rescaling when the reference grows,
// which is by a power of two. Scores past 2²² have no fraction left in f32, and their softmax has no meaning.

export const CONSTANTS_BYTES: usize = 32;
/** Below any score, finite. */
export const HIDDEN: f32 = -1e30;

/**
 * The constants of `exponentials`, kept in memory because V8 would build each constant vector anew in every step of a loop.
 * The first six are the polynomial of degree 5 with a constant term of 1 that comes nearest to 2^f on [−½, ½]: its relative
 * error, with the coefficients rounded to f32, is at most 1.9 · 2⁻²⁴.
 */
export function writeConstants(at: usize): void {
  store<f32>(at, 1);
  store<f32>(at, 0.6931470036506653, 4);
  store<f32>(at, 0.24022242426872253, 8);
  store<f32>(at, 0.05550733953714371, 12);
  store<f32>(at, 0.009671512991189957, 16);
  store<f32>(at, 0.0013264717999845743, 20);
  // No power is taken below this: such a weight is nothing beside the largest one, and is still a normal number.
  store<f32>(at, -120, 24);
  store<f32>(at, 12582912, 28); // 1.5 · 2²³
}

export function queryScale(headDim: i32): f32 {
  return f32(1.4426950408889634 / sqrt(f64(headDim)));
}

// Q [rows ≤ NR][headDim] → panel [headDim][NR] times scale, zeros for the queries that are missing
export function packQueries(Q: usize, rows: i32, headDim: i32, scale: f32, NR: i32, panel: usize): void {
  if (rows < NR) memory.fill(panel, 0, (headDim * NR) << 2);
  const ldQ: usize = headDim << 2;
  const ldP: usize = NR << 2;
  const scales = f32x4.splat(scale);
  let q = 0;
  for (; q + 4 <= rows; q += 4) {
    let source = Q + q * ldQ;
    let target = panel + (q << 2);
    let d = 0;
    for (; d + 4 <= headDim; d += 4) {
      transposeFour(source, ldQ, target, ldP, scales, scales, scales, scales);
      source += 16;
      target += 4 * ldP;
    }
    for (; d < headDim; d++) {
      for (let i: usize = 0; i < 4; i++) store<f32>(target + i * 4, load<f32>(source + i * ldQ) * scale);
      source += 4;
      target += ldP;
    }
  }
  for (; q < rows; q++) {
    for (let d = 0; d < headDim; d++) store<f32>(panel + d * ldP + (q << 2), load<f32>(Q + q * ldQ + (d << 2)) * scale);
  }
}

// panel [headDim][NR], sums [NR] → O [rows ≤ NR][headDim] = panel / sums
export function storeQueries(panel: usize, sums: usize, rows: i32, headDim: i32, NR: i32, O: usize): void {
  const ldO: usize = headDim << 2;
  const ldP: usize = NR << 2;
  let q = 0;
  for (; q + 4 <= rows; q += 4) {
    const share = f32x4.div(f32x4.splat(1), v128.load(sums + (q << 2)));
    const s0 = v128.shuffle<f32>(share, share, 0, 0, 0, 0);
    const s1 = v128.shuffle<f32>(share, share, 1, 1, 1, 1);
    const s2 = v128.shuffle<f32>(share, share, 2, 2, 2, 2);
    const s3 = v128.shuffle<f32>(share, share, 3, 3, 3, 3);
    let source = panel + (q << 2);
    let target = O + q * ldO;
    let d = 0;
    for (; d + 4 <= headDim; d += 4) {
      transposeFour(source, ldP, target, ldO, s0, s1, s2, s3);
      source += 4 * ldP;
      target += 16;
    }
    for (; d < headDim; d++) {
      for (let i: usize = 0; i < 4; i++) {
        store<f32>(target + i * ldO, load<f32>(source + i * 4) / load<f32>(sums + (q << 2) + i * 4));
      }
      source += ldP;
      target += 4;
    }
  }
  for (; q < rows; q++) {
    const sum = load<f32>(sums + (q << 2));
    for (let d = 0; d < headDim; d++) store<f32>(O + q * ldO + (d << 2), load<f32>(panel + d * ldP + (q << 2)) / sum);
  }
}

// source [4][4] with rows ldS bytes apart → target [4][4] transposed, its rows times s0 … s3
@inline
function transposeFour(
  source: usize, ldS: usize, target: usize, ldT: usize, s0: v128, s1: v128, s2: v128, s3: v128,
): void {
  const a = v128.load(source);
  const b = v128.load(source + ldS);
  const c = v128.load(source + 2 * ldS);
  const d = v128.load(source + 3 * ldS);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(target, f32x4.mul(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), s0));
  v128.store(target + ldT, f32x4.mul(v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), s1));
  v128.store(target + 2 * ldT, f32x4.mul(v128.shuffle<f32>(AB, CD, 0, 1, 4, 5), s2));
  v128.store(target + 3 * ldT, f32x4.mul(v128.shuffle<f32>(AB, CD, 2, 3, 6, 7), s3));
}

// values [count] all set
export function fill(values: usize, count: i32, value: f32): void {
  for (let i = 0; i < count; i++) store<f32>(values + (i << 2), value);
}

// s [count][NR]: query i sees the first `visible` + i keys, the scores of the others are set
export function hideKeys(s: usize, count: i32, visible: i32, NR: i32, value: f32): void {
  for (let i = 0; i < NR; i++) {
    for (let j = max(0, visible + i); j < count; j++) store<f32>(s + ((j * NR + i) << 2), value);
  }
}

// s [count][NR], maxima [NR] raised to them
export function raiseMaxima(s: usize, count: i32, NR: i32, maxima: usize): void {
  for (let at = 0; at < NR << 2; at += 16) {
    let highest = v128.load(maxima + at);
    for (let j = 0; j < count; j++) highest = f32x4.relaxed_max(highest, v128.load(s + at + ((j * NR) << 2)));
    v128.store(maxima + at, highest);
  }
}

// maxima [NR] → both they and reference [NR] rounded up to integers, decay [NR] = 2^(old reference − new), sums [NR] times decay
export function raiseReference(maxima: usize, reference: usize, decay: usize, sums: usize, NR: i32): void {
  for (let at = 0; at < NR << 2; at += 16) {
    const raised = f32x4.ceil(v128.load(maxima + at));
    // At −127 the exponent's bits are all zero and the power is 0: what was gathered so far is nothing beside what comes.
    const step = f32x4.max(f32x4.sub(v128.load(reference + at), raised), f32x4.splat(-127));
    const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(step), i32x4.splat(127)), 23);
    v128.store(maxima + at, raised);
    v128.store(reference + at, raised);
    v128.store(decay + at, power);
    v128.store(sums + at, f32x4.mul(v128.load(sums + at), power));
  }
}

// s [count·NR], one query's, times scale; those past the `visible` first are hidden → the largest
export function scaleRow(s: usize, count: i32, visible: i32, scale: f32, NR: i32): f32 {
  const scales = f32x4.splat(scale);
  let highest = f32x4.splat(HIDDEN);
  for (let j = max(0, visible); j < count * NR; j++) store<f32>(s + (j << 2), HIDDEN);
  for (let at = 0; at < (count * NR) << 2; at += 16) {
    const scaled = f32x4.mul(v128.load(s + at), scales);
    v128.store(s + at, scaled);
    highest = f32x4.relaxed_max(highest, scaled);
  }
  const a = max(f32x4.extract_lane(highest, 0), f32x4.extract_lane(highest, 1));
  return max(a, max(f32x4.extract_lane(highest, 2), f32x4.extract_lane(highest, 3)));
}

// The sum of values [count]
export function sumOf(values: usize, count: i32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < count; i++) sum += load<f32>(values + (i << 2));
  return sum;
}

// y [count] += x · factor, four at a time
export function addScaled(x: usize, count: i32, factor: f32, y: usize): void {
  const factors = f32x4.splat(factor);
  for (let at = 0; at < count << 2; at += 16) {
    v128.store(y + at, f32x4.relaxed_madd(v128.load(x + at), factors, v128.load(y + at)));
  }
}

// 2^power for an integer ≤ 0; nothing below the exponent's range
export function powerOfTwo(power: f32): f32 {
  return reinterpret<f32>((i32(max<f32>(power, -127)) + 127) << 23);
}
