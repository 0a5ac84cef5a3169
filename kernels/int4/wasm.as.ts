// int4 weights in panels [N/NR][K/8][NR][4]: byte i of a 32-bit lane holds k = i (low half) and k = 4 + i (high half) of
// one row of W, each biased by 8. K is padded to 32 with zeros, which is 8. Scales are f16 [N/NR][groups][NR]. Work is
// shared out by thread where scratch is needed, `from` being the thread's index.
import { multiplyTile, row, unpackGroup } from './tiles';
import { MR } from '../dense/blocks';
import { share } from '../dense/row-panels.as';
import { KC, MC } from '../grid/blocks';

export { packX } from '../dense/row-panels.as';

const BIAS: i32 = 8;

// X in f32 panels, W [panels][words][NR][4], scales [panels][groups][NR] f16 → Y [M, ldY]; scratch [threads][KC][NR] f32
export function gemm(
  from: i32, to: i32, threads: i32, panels: i32, X: usize, W: usize, scales: usize, scratch: usize, Y: usize,
  M: i32, ldY: i32, K: i32, words: i32, groups: i32, groupSize: i32, NR: i32,
): void {
  const w = scratch + ((from * KC * NR) << 2);
  const end = share(panels, to, threads);
  for (let block = 0; block < M; block += MC) {
    const last = min(M, block + MC);
    for (let k = 0; k < K; k += KC) {
      const kc = min(KC, K - k);
      for (let n = share(panels, from, threads); n < end; n++) {
        for (let g = 0; g < kc; g += groupSize) {
          const source = W + ((n * words + ((k + g) >> 3)) * NR << 2);
          const scale = scales + ((n * groups + (k + g) / groupSize) * NR << 1);
          unpackGroup(source, scale, (min(groupSize, kc - g) + 7) >> 3, w + ((g * NR) << 2));
        }
        for (let m = block; m < last; m += MR) {
          const rows = min(MR, M - m);
          multiplyTile(rows, X + ((m * K + k * rows) << 2), w, kc, Y + ((m * ldY + n * NR) << 2), ldY << 2, k == 0);
        }
      }
    }
  }
}

/**
 * Splits activations into digits: x [groups·groupSize] f32, groups from … to → x ≈ unit·(d₂·2¹⁶ + d₁·2⁸ + d₀) as signed bytes
 * [K/8][d₂, d₁, d₀][8], and for each group its unit f32 and the sums −8·Σd₂ and −8·Σ(2⁸·d₁ + d₀) int32. Nibbles are weights
 * plus 8: adding those sums to the products takes the 8 off again.
 *
 * Why: to widen nibbles to f32 is slow, and products of bytes need no widening at all. The unit is a power of two, so small
 * that the group's largest |x| is at least some 2²² units. So x is off by at most about 2⁻²³ of that largest one, no more than
 * when f32 rounds a sum.
 */
export function splitX(from: i32, to: i32, x: usize, digits: usize, units: usize, groupSize: i32): void {
  for (let g = from; g < to; g++) {
    const start = x + ((g * groupSize) << 2);
    let largest = f32x4.splat(0);
    for (let k = 0; k < groupSize; k += 4) largest = f32x4.max(largest, f32x4.abs(v128.load(start + (k << 2))));
    const peak = max(
      max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
      max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
    );
    // Where d₂ would round up to 128, which is no signed byte, the unit is the next power of two. The limits keep the unit and
    // its inverse normal numbers: what is lost of x by that, f32 would lose too.
    const exponent = min(max(((reinterpret<i32>(peak) + (1 << 16)) >> 23) - 22, 1), 253);
    const inverse = f32x4.splat(reinterpret<f32>((254 - exponent) << 23));
    let high = i32x4.splat(0);
    let low = i32x4.splat(0);
    for (let k = 0; k < groupSize; k += 4) {
      const scaled = f32x4.nearest(f32x4.mul(v128.load(start + (k << 2)), inverse));
      const integers = i32x4.trunc_sat_f32x4_s(scaled);
      const d0 = i32x4.shr_s(i32x4.shl(integers, 24), 24);
      const rest = i32x4.shr_s(i32x4.sub(integers, d0), 8);
      const d1 = i32x4.shr_s(i32x4.shl(rest, 24), 24);
      const d2 = i32x4.shr_s(i32x4.sub(rest, d1), 8);
      const at = digits + ((g * groupSize + k) >> 3) * 24 + (k & 4);
      storeBytes(at, d2);
      storeBytes(at + 8, d1);
      storeBytes(at + 16, d0);
      high = i32x4.add(high, d2);
      low = i32x4.add(low, i32x4.add(i32x4.shl(d1, 8), d0));
    }
    const unit = units + g * 12;
    store<f32>(unit, reinterpret<f32>(exponent << 23));
    store<i32>(unit, -BIAS * sumOf(high), 4);
    store<i32>(unit, -BIAS * sumOf(low), 8);
  }
}

@inline
function storeBytes(at: usize, lanes: v128): void {
  v128.store32_lane(at, i8x16.shuffle(lanes, lanes, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0);
}

@inline
function sumOf(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

// Digits and units as splitX leaves them, W [panels][words][NR][4], scales [panels][groups][NR] f16 → y [panels·NR],
// panels from … to
export function gemv(
  from: i32, to: i32, digits: usize, units: usize, W: usize, scales: usize, y: usize,
  words: i32, groups: i32, groupSize: i32, NR: i32,
): void {
  for (let n = from; n < to; n++) {
    const w = W + ((n * words * NR) << 2);
    row(digits, units, w, scales + ((n * groups * NR) << 1), words, groupSize >> 5, y + ((n * NR) << 2));
  }
}
