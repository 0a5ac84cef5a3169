// Puts a key or a value into its place in a cache of blocks, rounded as ggml rounds rows of Q8_0 and Q4_0.
// Source: ggml-org/llama.cpp, ggml/src/ggml-quants.c, quantize_row_q8_0_ref, quantize_row_q4_0_ref.
import { SCALES_BYTES } from './blocks';

const BLOCK: i32 = 32;

// x [groups·32], zeros past the end of the row → the blocks of its four keys, `groupBytes` apart, of which it is that many
export function storeRow(bits: i32, x: usize, groups: i32, blocks: usize, groupBytes: usize, key: i32): void {
  for (let g = 0; g < groups; g++) {
    if (bits == 32) memory.copy(blocks + key * (BLOCK << 2), x, BLOCK << 2);
    else if (bits == 16) storeHalves(x, blocks + key * (BLOCK << 1));
    else if (bits == 8) storeBytes(x, blocks + (key << 1), blocks + SCALES_BYTES + key * BLOCK);
    else storeNibbles(x, blocks + (key << 1), blocks + SCALES_BYTES + key * (BLOCK >> 1));
    x += BLOCK << 2;
    blocks += groupBytes;
  }
}

function storeHalves(x: usize, to: usize): void {
  for (let i = 0; i < BLOCK; i += 4) {
    const halves = halfFour(v128.load(x + (i << 2)));
    v128.store64_lane(to + (i << 1), i16x8.narrow_i32x4_u(halves, halves), 0);
  }
}

// The bits of four f32 as f16, to the nearest, ties to even, no larger than the largest
function halfFour(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const bits = v128.xor(x, sign);
  // Beside 1/2 an f32 counts in the steps of subnormal f16.
  const subnormal = i32x4.sub(f32x4.add(bits, f32x4.splat(0.5)), i32x4.splat(126 << 23));
  const odd = v128.and(i32x4.shr_u(bits, 13), i32x4.splat(1));
  const biased = i32x4.add(i32x4.add(bits, i32x4.splat(((15 - 127) << 23) + 0xfff)), odd);
  const half = v128.bitselect(subnormal, i32x4.shr_u(biased, 13), i32x4.lt_s(bits, i32x4.splat((127 - 14) << 23)));
  return v128.or(i32x4.min_s(half, i32x4.splat(0x7bff)), i32x4.shr_u(sign, 16));
}

function storeScale(scale: f32, to: usize): void {
  store<u16>(to, i32x4.extract_lane(halfFour(f32x4.splat(scale)), 0));
}

// A scale is max|x|/127, and codes are rounded away from zero.
function storeBytes(x: usize, scaleTo: usize, to: usize): void {
  let peaks = f32x4.splat(0);
  for (let i = 0; i < BLOCK << 2; i += 16) peaks = f32x4.max(peaks, f32x4.abs(v128.load(x + i)));
  const peak = max(
    max(f32x4.extract_lane(peaks, 0), f32x4.extract_lane(peaks, 1)),
    max(f32x4.extract_lane(peaks, 2), f32x4.extract_lane(peaks, 3)),
  );
  const scale = peak / 127;
  storeScale(scale, scaleTo);
  const inverses = f32x4.splat(inverseOf(scale));
  for (let i = 0; i < BLOCK; i += 16) {
    const from = x + (i << 2);
    const a = awayFromZero(f32x4.mul(v128.load(from), inverses));
    const b = awayFromZero(f32x4.mul(v128.load(from, 16), inverses));
    const c = awayFromZero(f32x4.mul(v128.load(from, 32), inverses));
    const d = awayFromZero(f32x4.mul(v128.load(from, 48), inverses));
    v128.store(to + i, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
}

// Of scales too small to have an inverse all codes are 0.
function inverseOf(scale: f32): f32 {
  const inverse: f32 = 1 / scale;
  return isFinite(inverse) ? inverse : 0;
}

function awayFromZero(x: v128): v128 {
  const whole = f32x4.trunc(x);
  const more = f32x4.ge(f32x4.abs(f32x4.sub(x, whole)), f32x4.splat(0.5));
  const one = v128.or(f32x4.splat(1), v128.and(x, i32x4.splat(0x80000000)));
  return i32x4.trunc_sat_f32x4_s(f32x4.add(whole, v128.and(more, one)));
}

// A scale is the value that is furthest from 0, the first of those, over −8; codes are rounded up from halves.
function storeNibbles(x: usize, scaleTo: usize, to: usize): void {
  let extreme: f32 = 0;
  for (let i = 0; i < BLOCK << 2; i += 4) {
    const value = load<f32>(x + i);
    if (abs(value) > abs(extreme)) extreme = value;
  }
  const scale = extreme / -8;
  storeScale(scale, scaleTo);
  const inverse = inverseOf(scale);
  const low = nibbles(x, inverse);
  const high = nibbles(x + 64, inverse);
  v128.store(to, v128.or(v128.and(low, i8x16.splat(15)), i16x8.shl(v128.and(high, i8x16.splat(15)), 4)));
}

// Sixteen of x as signed codes
function nibbles(x: usize, inverse: f32): v128 {
  const a = upFromHalves(v128.load(x), inverse);
  const b = upFromHalves(v128.load(x, 16), inverse);
  const c = upFromHalves(v128.load(x, 32), inverse);
  const d = upFromHalves(v128.load(x, 48), inverse);
  return i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

function upFromHalves(x: v128, inverse: f32): v128 {
  const shifted = f32x4.floor(f32x4.add(f32x4.mul(x, f32x4.splat(inverse)), f32x4.splat(8.5)));
  const code = i32x4.sub(i32x4.trunc_sat_f32x4_s(shifted), i32x4.splat(8));
  return i32x4.max_s(i32x4.min_s(code, i32x4.splat(7)), i32x4.splat(-8));
}
