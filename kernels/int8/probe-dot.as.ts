// → what a lane of the relaxed product makes of four products of 127 and the byte 255, to tell how this machine computes it:
// 129540 where that byte is unsigned and sums keep all their bits, −508 where it is signed (−1), else something else
export function probeDot(from: i32, to: i32, result: usize): void {
  const weights = v128.load(result, 16);
  const x = v128.load(result, 32);
  v128.store(result, i32x4.relaxed_dot_i8x16_i7x16_add_s(weights, x, i32x4.splat(0)));
}
