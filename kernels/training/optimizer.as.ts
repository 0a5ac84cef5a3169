// AdamW (Loshchilov & Hutter 2019), and what clipping gradients takes.

// g [count] → total, the f64 sum of squares
export function sumOfSquares(g: usize, count: i32, total: usize): void {
  let squares: f64 = 0;
  for (let i = 0; i < count << 2; i += 4) squares += <f64>load<f32>(g + i) * <f64>load<f32>(g + i);
  store<f64>(total, squares);
}

// weights w, gradients g, moments m and v [count] → w, m and v one step on. g counts `scale` times; correction1 and
// correction2 make up for moments that began at zero.
export function adamW(
  w: usize, g: usize, m: usize, v: usize, count: i32, scale: f32, rate: f32, decay: f32,
  beta1: f32, beta2: f32, correction1: f32, correction2: f32, epsilon: f32,
): void {
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const rest1 = f32x4.splat(1 - beta1);
  const rest2 = f32x4.splat(1 - beta2);
  const c1 = f32x4.splat(rate * correction1);
  const c2 = f32x4.splat(correction2);
  const keep = f32x4.splat(1 - rate * decay);
  for (let i = 0; i < count << 2; i += 16) {
    const slope = f32x4.mul(v128.load(g + i), f32x4.splat(scale));
    const mean = f32x4.add(f32x4.mul(b1, v128.load(m + i)), f32x4.mul(rest1, slope));
    const square = f32x4.add(f32x4.mul(b2, v128.load(v + i)), f32x4.mul(rest2, f32x4.mul(slope, slope)));
    v128.store(m + i, mean);
    v128.store(v + i, square);
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(square, c2)), f32x4.splat(epsilon));
    const step = f32x4.div(f32x4.mul(mean, c1), root);
    v128.store(w + i, f32x4.sub(f32x4.mul(keep, v128.load(w + i)), step));
  }
}
