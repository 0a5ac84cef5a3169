// What lies between the products of a Llama network, forwards and backwards. Widths are multiples of 4; `M` counts tokens.
// A name that ends in Gradient takes the gradient of an output and gives that of the inputs.
import { exp, sum } from './exp.as';

// ids [M], table [·,K] → X [M,K]
export function embed(ids: usize, table: usize, X: usize, M: i32, K: i32): void {
  for (let m = 0; m < M; m++) memory.copy(X + ((m * K) << 2), table + ((load<i32>(ids + (m << 2)) * K) << 2), K << 2);
}

// ids [M], dX [M,K] → dTable [·,K], added to
export function embedGradient(ids: usize, dX: usize, dTable: usize, M: i32, K: i32): void {
  for (let m = 0; m < M; m++) {
    const row = dTable + ((load<i32>(ids + (m << 2)) * K) << 2);
    add(row, dX + ((m * K) << 2), K);
  }
}

// a [count] += b [count]
export function add(a: usize, b: usize, count: i32): void {
  for (let i = 0; i < count << 2; i += 16) v128.store(a + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

// X [M,K], gains [K] → Y [M,K] = X·scales·gains and scales [M], the inverse root mean squares
export function rmsNorm(X: usize, gains: usize, Y: usize, scales: usize, M: i32, K: i32, epsilon: f32): void {
  for (let m = 0; m < M; m++) {
    const x = X + ((m * K) << 2);
    const y = Y + ((m * K) << 2);
    let squares = f32x4.splat(0);
    for (let i = 0; i < K << 2; i += 16) squares = f32x4.add(squares, f32x4.mul(v128.load(x + i), v128.load(x + i)));
    const scale = <f32>1 / sqrt<f32>(sum(squares) / <f32>K + epsilon);
    store<f32>(scales + (m << 2), scale);
    const scale4 = f32x4.splat(scale);
    for (let i = 0; i < K << 2; i += 16) {
      v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), scale4), v128.load(gains + i)));
    }
  }
}

// dY [M,K] → dX [M,K] and dGains [K], both added to
export function rmsNormGradient(
  X: usize, gains: usize, scales: usize, dY: usize, dX: usize, dGains: usize, M: i32, K: i32,
): void {
  for (let m = 0; m < M; m++) {
    const x = X + ((m * K) << 2);
    const dy = dY + ((m * K) << 2);
    const dx = dX + ((m * K) << 2);
    const scale = load<f32>(scales + (m << 2));
    const scale4 = f32x4.splat(scale);
    let products = f32x4.splat(0);
    for (let i = 0; i < K << 2; i += 16) {
      const normed = f32x4.mul(v128.load(x + i), scale4);
      const slope = v128.load(dy + i);
      v128.store(dGains + i, f32x4.add(v128.load(dGains + i), f32x4.mul(slope, normed)));
      products = f32x4.add(products, f32x4.mul(f32x4.mul(slope, v128.load(gains + i)), normed));
    }
    const mean = f32x4.splat(sum(products) / <f32>K);
    for (let i = 0; i < K << 2; i += 16) {
      const normed = f32x4.mul(v128.load(x + i), scale4);
      const slope = f32x4.mul(v128.load(dy + i), v128.load(gains + i));
      const change = f32x4.mul(scale4, f32x4.sub(slope, f32x4.mul(normed, mean)));
      v128.store(dx + i, f32x4.add(v128.load(dx + i), change));
    }
  }
}

// X [M, ld]: turns `heads` heads of `dim` from the start of each row; token m stands at m % T. angles [T][2][dim/2]: cosines,
// then sines. A head's first half turns with its second. `backwards` turns gradients: by the opposite angles.
export function rotate(X: usize, ld: i32, angles: usize, M: i32, T: i32, heads: i32, dim: i32, backwards: bool): void {
  const half = dim << 1;
  const sign = f32x4.splat(backwards ? -1 : 1);
  for (let m = 0; m < M; m++) {
    const cosines = angles + (((m % T) * dim) << 2);
    for (let h = 0; h < heads; h++) {
      const x = X + ((m * ld + h * dim) << 2);
      for (let i = 0; i < half; i += 16) {
        const c = v128.load(cosines + i);
        const s = f32x4.mul(v128.load(cosines + half + i), sign);
        const a = v128.load(x + i);
        const b = v128.load(x + half + i);
        v128.store(x + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
        v128.store(x + half + i, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
      }
    }
  }
}

@inline
function sigmoid(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp(f32x4.neg(x))));
}

// gate and up side by side [M, 2·N] → Y [M,N] = silu(gate)·up
export function swiglu(gateUp: usize, Y: usize, M: i32, N: i32): void {
  for (let m = 0; m < M; m++) {
    const gate = gateUp + ((m * N) << 3);
    const up = gate + (N << 2);
    const y = Y + ((m * N) << 2);
    for (let i = 0; i < N << 2; i += 16) {
      const g = v128.load(gate + i);
      v128.store(y + i, f32x4.mul(f32x4.mul(g, sigmoid(g)), v128.load(up + i)));
    }
  }
}

// gate and up [M, 2·N], dY [M,N] → their gradients [M, 2·N]
export function swigluGradient(gateUp: usize, dY: usize, dGateUp: usize, M: i32, N: i32): void {
  const one = f32x4.splat(1);
  for (let m = 0; m < M; m++) {
    const gate = gateUp + ((m * N) << 3);
    const up = gate + (N << 2);
    const dGate = dGateUp + ((m * N) << 3);
    const dUp = dGate + (N << 2);
    const dy = dY + ((m * N) << 2);
    for (let i = 0; i < N << 2; i += 16) {
      const g = v128.load(gate + i);
      const s = sigmoid(g);
      const slope = v128.load(dy + i);
      v128.store(dUp + i, f32x4.mul(slope, f32x4.mul(g, s)));
      const silu = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
      v128.store(dGate + i, f32x4.mul(f32x4.mul(slope, v128.load(up + i)), silu));
    }
  }
}

// gate and up side by side [M, 2·N] → Y [M,N] = max(gate, 0)·up
export function reglu(gateUp: usize, Y: usize, M: i32, N: i32): void {
  for (let m = 0; m < M; m++) {
    const gate = gateUp + ((m * N) << 3);
    const up = gate + (N << 2);
    const y = Y + ((m * N) << 2);
    for (let i = 0; i < N << 2; i += 16) {
      v128.store(y + i, f32x4.mul(f32x4.max(v128.load(gate + i), f32x4.splat(0)), v128.load(up + i)));
    }
  }
}

// gate and up [M, 2·N], dY [M,N] → their gradients [M, 2·N]
export function regluGradient(gateUp: usize, dY: usize, dGateUp: usize, M: i32, N: i32): void {
  const zero = f32x4.splat(0);
  for (let m = 0; m < M; m++) {
    const gate = gateUp + ((m * N) << 3);
    const up = gate + (N << 2);
    const dGate = dGateUp + ((m * N) << 3);
    const dUp = dGate + (N << 2);
    const dy = dY + ((m * N) << 2);
    for (let i = 0; i < N << 2; i += 16) {
      const g = v128.load(gate + i);
      const slope = v128.load(dy + i);
      v128.store(dUp + i, f32x4.mul(slope, f32x4.max(g, zero)));
      v128.store(dGate + i, v128.and(f32x4.mul(slope, v128.load(up + i)), f32x4.gt(g, zero)));
    }
  }
}

export function copy(from: usize, to: usize, count: i32): void {
  memory.copy(to, from, count << 2);
}

export function clear(values: usize, count: i32): void {
  memory.fill(values, 0, count << 2);
}
