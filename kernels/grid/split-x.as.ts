// Activations as the products of grid weights read them: rows cut into blocks as long as a group of weights, or as X's own scales
// ask for, and into 32 values where weights become f32; K is padded with zeros. Of each block units say [what its digits count in f32,
// −zero·Σ of its highest digits int32, −zero·Σ of the others int32, Σx f32]. One row is split by one thread, `from` and `to` being
// the row: what others would take of it is less than asking them costs.
import { MR } from '../dense/blocks';

// x [K] f32 → max|x|, by the comparison that is one instruction, in sums that don't wait for one another
@inline
function peakOf(x: usize, K: i32): f32 {
  let a = f32x4.splat(0);
  let b = a;
  let c = a;
  let d = a;
  let k = 0;
  for (; k + 16 <= K; k += 16) {
    const at = x + (k << 2);
    a = f32x4.pmax(a, f32x4.abs(v128.load(at)));
    b = f32x4.pmax(b, f32x4.abs(v128.load(at, 16)));
    c = f32x4.pmax(c, f32x4.abs(v128.load(at, 32)));
    d = f32x4.pmax(d, f32x4.abs(v128.load(at, 48)));
  }
  const all = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
  let peak = max(
    max(f32x4.extract_lane(all, 0), f32x4.extract_lane(all, 1)),
    max(f32x4.extract_lane(all, 2), f32x4.extract_lane(all, 3)),
  );
  for (; k < K; k++) peak = max(peak, abs(load<f32>(x + (k << 2))));
  return peak;
}

// X [M,K] f32, rows from … to → scales [M][scales of a row]: max|x|/127 over each `block` values
export function scaleRows(from: i32, to: i32, X: usize, scales: usize, K: i32, block: i32): void {
  const each = (K + block - 1) / block;
  for (let m = from; m < to; m++) {
    for (let i = 0; i < each; i++) {
      const k = i * block;
      store<f32>(scales + ((m * each + i) << 2), peakOf(X + ((m * K + k) << 2), min(block, K - k)) / 127);
    }
  }
}

// X [M,K] f32 and its scales → out [M,K] f32, scale·round(x/scale); rows from … to
export function roundRows(from: i32, to: i32, X: usize, scales: usize, out: usize, K: i32, block: i32): void {
  const each = (K + block - 1) / block;
  for (let m = from; m < to; m++) {
    for (let k = 0; k < K; k++) {
      const at = (m * K + k) << 2;
      const scale = load<f32>(scales + ((m * each + k / block) << 2));
      const x = load<f32>(X + at);
      store<f32>(out + at, scale == 0 ? 0 : scale * floor(x / scale + 0.5));
    }
  }
}

// 1/scale in all lanes, and 0 for 0
@inline
function inverseOf(scale: f32): v128 {
  return f32x4.splat(scale == 0 ? 0 : 1 / scale);
}

// Four of x as whole numbers of so many scales. They fit 32 bits, so that the relaxed conversion is exact: it is one instruction.
@inline
function roundFour(x: v128, inverse: v128): v128 {
  return i32x4.relaxed_trunc_f32x4_s(f32x4.nearest(f32x4.mul(x, inverse)));
}

// The lowest byte of each, signed
@inline
function lowByte(integers: v128): v128 {
  return i32x4.shr_s(i32x4.shl(integers, 24), 24);
}

// Sixteen whole numbers of a byte as bytes
@inline
function bytesOf(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

@inline
function sumOf(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

@inline
function storeUnit(unit: usize, size: f32, high: i32, low: i32, sum: f32): void {
  store<f32>(unit, size);
  store<i32>(unit, high, 4);
  store<i32>(unit, low, 8);
  store<f32>(unit, sum, 12);
}

// The bytes of four quads, each in a place of its own
@inline
function storeQuads(at: usize, stride: usize, bytes: v128): void {
  v128.store32_lane(at, bytes, 0);
  v128.store32_lane(at + stride, bytes, 1);
  v128.store32_lane(at + 2 * stride, bytes, 2);
  v128.store32_lane(at + 3 * stride, bytes, 3);
}

/**
 * The largest power of two of which |peak| is at least 2^bits and less than 2^(bits + 1); of peaks that a digit would round up
 * beyond, twice that. Units stay normal numbers: what is lost of x by that, f32 would lose too.
 */
@inline
function exponentOf(peak: f32, bits: i32, margin: i32): i32 {
  return min(max(((reinterpret<i32>(peak) + margin) >> 23) - bits, 1), 253);
}

// Four of x, of which so many are in the row
@inline
function fourOf(x: usize, left: i32): v128 {
  if (left >= 4) return v128.load(x);
  let four = f32x4.splat(0);
  if (left > 0) four = f32x4.replace_lane(four, 0, load<f32>(x));
  if (left > 1) four = f32x4.replace_lane(four, 1, load<f32>(x, 4));
  if (left > 2) four = f32x4.replace_lane(four, 2, load<f32>(x, 8));
  return four;
}

/**
 * Rows rounded to bytes: X [M,K] f32, panels of MR rows from … to → bytes [panels][quads][rows][4], units [panels][blocks][4][rows].
 * A scale is max|x|/127 of the row, or of each 32 values where `ofRow` is 0.
 */
export function roundBytes(
  from: i32, to: i32, X: usize, bytes: usize, units: usize, M: i32, K: i32, block: i32, blocks: i32, zero: i32, ofRow: i32,
): void {
  for (let p = from; p < to; p++) {
    const rows = min(MR, M - p * MR);
    for (let r = 0; r < rows; r++) {
      const x = X + (((p * MR + r) * K) << 2);
      let scale: f32 = ofRow ? peakOf(x, K) / 127 : 0;
      let out = bytes + p * MR * block * blocks + (r << 2);
      let unit = units + ((p * MR * blocks) << 4) + (r << 2);
      for (let b = 0; b < blocks; b++) {
        const first = b * block;
        if (!ofRow && (first & 31) == 0) scale = peakOf(x + (first << 2), min(32, K - first)) / 127;
        const inverse = inverseOf(scale);
        let sum = i32x4.splat(0);
        for (let k = first; k < first + block; k += 16) {
          const at = x + (k << 2);
          const n0 = roundFour(fourOf(at, K - k), inverse);
          const n1 = roundFour(fourOf(at + 16, K - k - 4), inverse);
          const n2 = roundFour(fourOf(at + 32, K - k - 8), inverse);
          const n3 = roundFour(fourOf(at + 48, K - k - 12), inverse);
          storeQuads(out, rows << 2, bytesOf(n0, n1, n2, n3));
          sum = i32x4.add(sum, i32x4.add(i32x4.add(n0, n1), i32x4.add(n2, n3)));
          out += rows << 4;
        }
        const total = sumOf(sum);
        store<f32>(unit, scale);
        store<i32>(unit + (rows << 3), -zero * total);
        store<f32>(unit + rows * 12, scale * <f32>total);
        unit += rows << 4;
      }
    }
  }
}

/**
 * Three digits x ≈ unit·(d₂·2¹⁶ + d₁·2⁸ + d₀), signed bytes: x [blocks·block] f32 → [blocks][quads][3][4].
 *
 * Why: to widen codes to f32 is slow, and products of bytes need no widening at all. The unit is a power of two, so small
 * that the block's largest |x| is at least some 2²² units. So x is off by at most about 2⁻²³ of that largest one, no more than when
 * f32 rounds a sum.
 */
export function splitBytes(from: i32, to: i32, x: usize, digits: usize, units: usize, block: i32, blocks: i32, zero: i32): void {
  for (let b = 0; b < blocks; b++) {
    const start = x + ((b * block) << 2);
    const unit = units + (b << 4);
    const exponent = exponentOf(peakOf(start, block), 22, 1 << 16);
    const inverse = f32x4.splat(reinterpret<f32>((254 - exponent) << 23));
    const size = reinterpret<f32>(exponent << 23);
    let high = i32x4.splat(0);
    let low = i32x4.splat(0);
    for (let k = 0; k < block; k += 16) {
      const first = start + (k << 2);
      const n0 = roundFour(v128.load(first), inverse);
      const n1 = roundFour(v128.load(first + 16), inverse);
      const n2 = roundFour(v128.load(first + 32), inverse);
      const n3 = roundFour(v128.load(first + 48), inverse);
      const at = digits + (b * block + k) * 3;
      const l0 = lowByte(n0);
      const l1 = lowByte(n1);
      const l2 = lowByte(n2);
      const l3 = lowByte(n3);
      storeQuads(at + 8, 12, bytesOf(l0, l1, l2, l3));
      const r0 = i32x4.shr_s(i32x4.sub(n0, l0), 8);
      const r1 = i32x4.shr_s(i32x4.sub(n1, l1), 8);
      const r2 = i32x4.shr_s(i32x4.sub(n2, l2), 8);
      const r3 = i32x4.shr_s(i32x4.sub(n3, l3), 8);
      const m0 = lowByte(r0);
      const m1 = lowByte(r1);
      const m2 = lowByte(r2);
      const m3 = lowByte(r3);
      storeQuads(at + 4, 12, bytesOf(m0, m1, m2, m3));
      const h0 = i32x4.shr_s(i32x4.sub(r0, m0), 8);
      const h1 = i32x4.shr_s(i32x4.sub(r1, m1), 8);
      const h2 = i32x4.shr_s(i32x4.sub(r2, m2), 8);
      const h3 = i32x4.shr_s(i32x4.sub(r3, m3), 8);
      storeQuads(at, 12, bytesOf(h0, h1, h2, h3));
      high = i32x4.add(high, i32x4.add(i32x4.add(h0, h1), i32x4.add(h2, h3)));
      const lows = i32x4.add(i32x4.add(l0, l1), i32x4.add(l2, l3));
      const middles = i32x4.add(i32x4.add(m0, m1), i32x4.add(m2, m3));
      low = i32x4.add(low, i32x4.add(i32x4.shl(middles, 8), lows));
    }
    const highs = sumOf(high);
    const lows = sumOf(low);
    storeUnit(unit, size, -zero * highs, -zero * lows, size * (<f32>highs * 65536 + <f32>lows));
  }
}

// x/scale rounded, a scale every `every` blocks → [quads][|x| of four, their signs as 0 or −1]
export function splitSigns(from: i32, to: i32, x: usize, digits: usize, units: usize, block: i32, blocks: i32, scales: usize, every: i32): void {
  for (let b = 0; b < blocks; b++) {
    const scale = load<f32>(scales + ((b / every) << 2));
    const inverse = inverseOf(scale);
    let sum = i32x4.splat(0);
    for (let k = 0; k < block; k += 16) {
      const first = x + ((b * block + k) << 2);
      const n0 = roundFour(v128.load(first), inverse);
      const n1 = roundFour(v128.load(first + 16), inverse);
      const n2 = roundFour(v128.load(first + 32), inverse);
      const n3 = roundFour(v128.load(first + 48), inverse);
      const bytes = bytesOf(n0, n1, n2, n3);
      const at = digits + (b * block + k) * 2;
      storeQuads(at, 8, i8x16.abs(bytes));
      storeQuads(at + 4, 8, i8x16.shr_s(bytes, 7));
      sum = i32x4.add(sum, i32x4.add(i32x4.add(n0, n1), i32x4.add(n2, n3)));
    }
    storeUnit(units + (b << 4), scale, 0, 0, scale * <f32>sumOf(sum));
  }
}

// Two digits x ≈ unit·(d₁·2¹² + d₀) → [quads][2][x₀, x₂, x₁, x₃] int16
export function splitPairs(from: i32, to: i32, x: usize, digits: usize, units: usize, block: i32, blocks: i32): void {
  for (let b = 0; b < blocks; b++) {
    const start = x + ((b * block) << 2);
    const exponent = exponentOf(peakOf(start, block), 23, 0);
    const inverse = f32x4.splat(reinterpret<f32>((254 - exponent) << 23));
    const size = reinterpret<f32>(exponent << 23);
    let high = i32x4.splat(0);
    let low = i32x4.splat(0);
    for (let k = 0; k < block; k += 4) {
      const integers = roundFour(v128.load(start + (k << 2)), inverse);
      const d0 = i32x4.shr_s(i32x4.shl(integers, 20), 20);
      const d1 = i32x4.shr_s(i32x4.sub(integers, d0), 12);
      const at = digits + (b * block + k) * 4;
      storeHalves(at, d1);
      storeHalves(at + 8, d0);
      high = i32x4.add(high, d1);
      low = i32x4.add(low, d0);
    }
    storeUnit(units + (b << 4), size, 0, 0, size * (<f32>sumOf(high) * 4096 + <f32>sumOf(low)));
  }
}

@inline
function storeHalves(at: usize, lanes: v128): void {
  v128.store64_lane(at, i8x16.shuffle(lanes, lanes, 0, 1, 8, 9, 4, 5, 12, 13, 0, 1, 8, 9, 4, 5, 12, 13), 0);
}

/**
 * Activations that stay f32, rounded to whole numbers of a scale where `scales` is not 0: [blocks][32]. Where weights come as a
 * tiny power of two of what they are, `lift` has x in units that make it as much larger, so that no product is subnormal.
 */
export function splitFloats(from: i32, to: i32, x: usize, out: usize, units: usize, blocks: i32, lift: i32, scales: usize, every: i32): void {
  for (let b = 0; b < blocks; b++) {
    const start = x + ((b * 32) << 2);
    const target = out + ((b * 32) << 2);
    if (scales != 0) {
      const scale = load<f32>(scales + ((b / every) << 2));
      const factor = reinterpret<f32>((127 + lift) << 23);
      const inverse = reinterpret<f32>((127 - lift) << 23);
      const inverses = inverseOf(scale);
      for (let k = 0; k < 128; k += 16) {
        v128.store(target + k, f32x4.mul(f32x4.nearest(f32x4.mul(v128.load(start + k), inverses)), f32x4.splat(factor)));
      }
      storeUnit(units + (b << 4), scale * inverse, 0, 0, 0);
      continue;
    }
    // |x| < 2 after the division by its own power of two, which is split in two lest one of them be no normal number.
    const exponent = lift == 0 ? 127 : min(max(reinterpret<i32>(peakOf(start, 32)) >> 23, 64), 190);
    const factor = f32x4.splat(reinterpret<f32>((254 - exponent) << 23));
    const lifted = f32x4.splat(reinterpret<f32>((127 + lift) << 23));
    for (let k = 0; k < 128; k += 16) {
      v128.store(target + k, f32x4.mul(f32x4.mul(v128.load(start + k), factor), lifted));
    }
    storeUnit(units + (b << 4), reinterpret<f32>(exponent << 23) * reinterpret<f32>((127 - lift) << 23), 0, 0, 0);
  }
}
