// What is done to runs of values of any length, four at a time.

// x [K] += y [K]
export function addTo(x: usize, y: usize, K: i32): void {
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    v128.store(x, f32x4.add(v128.load(x), v128.load(y)));
    x += 16;
    y += 16;
  }
  for (; k < K; k++) {
    store<f32>(x, load<f32>(x) + load<f32>(y));
    x += 4;
    y += 4;
  }
}

// 1 / √(mean of squares + epsilon)
export function rmsScale(x: usize, K: i32, epsilon: f32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let k = 0;
  for (; k + 8 <= K; k += 8) {
    const low = v128.load(x);
    const high = v128.load(x, 16);
    a = f32x4.relaxed_madd(low, low, a);
    b = f32x4.relaxed_madd(high, high, b);
    x += 32;
  }
  a = f32x4.add(a, b);
  let sum = f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3);
  for (; k < K; k++) {
    sum += load<f32>(x) * load<f32>(x);
    x += 4;
  }
  return 1 / sqrt(sum / f32(K) + epsilon);
}

// x [K] · scale · weight [K] → to [K]
export function scaled(x: usize, K: i32, scale: f32, weight: usize, to: usize): void {
  const scales = f32x4.splat(scale);
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    v128.store(to, f32x4.mul(f32x4.mul(v128.load(x), scales), v128.load(weight)));
    x += 16;
    weight += 16;
    to += 16;
  }
  for (; k < K; k++) {
    store<f32>(to, load<f32>(x) * scale * load<f32>(weight));
    x += 4;
    weight += 4;
    to += 4;
  }
}
