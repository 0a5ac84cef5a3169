// What lies between the linear layers of a network. `from` and `to` are a thread's share; `span` says how many rows there are and at
// which position the first of them stands.
import { writeConstants } from '../naive-attention/query-panel.as';
import { addTo, rmsScale, scaled } from './norm.as';

export { attendMany, attendOne, combineParts, spreadHeads, takeHeads, writeScratch } from './attention.as';
export { largest } from './largest.as';
export { conduct } from './program.as';

// x [rows][K] += added [rows][ldAdded] + bias [K], where they are given; then x / rms(x) · weight → up to three places, each
// with a weight of its own
export function normRows(
  from: i32, to: i32, span: usize, x: usize, K: i32, added: usize, ldAdded: i32, bias: usize, epsilon: usize,
  weight0: usize, to0: usize, weight1: usize, to1: usize, weight2: usize, to2: usize,
): void {
  to = min(to, load<i32>(span));
  for (let row = from; row < to; row++) {
    const at = (row * K) << 2;
    if (added) addTo(x + at, added + ((row * ldAdded) << 2), K);
    if (bias) addTo(x + at, bias, K);
    const scale = rmsScale(x + at, K, load<f32>(epsilon));
    scaled(x + at, K, scale, weight0, to0 + at);
    if (to1) scaled(x + at, K, scale, weight1, to1 + at);
    if (to2) scaled(x + at, K, scale, weight2, to2 + at);
  }
}

// Constants of `swiglu`, kept in memory because V8 would build each constant vector anew in every step of a loop; the first six
// are the polynomial of query-panel.as.ts
export function writeSwigluConstants(from: i32, to: i32, at: usize): void {
  writeConstants(at);
  // log₂e as the sum of an f32 and what it leaves.
  store<f32>(at, 1.4426950216293335, 24);
  store<f32>(at, 1.9259629911266175e-8, 28);
  store<f32>(at, 126, 32);
}

// gate, up [rows][ldG, ldU] → to [rows][columns] = gate / (1 + exp(−gate)) · up · factors [columns], where these are given; rows
// from … to
export function swiglu(
  from: i32, to: i32, span: usize, gate: usize, ldG: i32, up: usize, ldU: i32, out: usize, columns: i32, factors: usize,
  constants: usize,
): void {
  to = min(to, load<i32>(span));
  for (let row = from; row < to; row++) {
    const g = gate + ((row * ldG) << 2);
    const u = up + ((row * ldU) << 2);
    const y = out + ((row * columns) << 2);
    // The rest comes as the last four, of which some are computed again.
    gateFours(g, u, columns & ~3, constants, y);
    if (columns & 3) gateFours(g + ((columns - 4) << 2), u + ((columns - 4) << 2), 4, constants, y + ((columns - 4) << 2));
    if (factors) scaled(y, columns, 1, factors, y);
  }
}

// The same with max(gate, 0)
export function reglu(
  from: i32, to: i32, span: usize, gate: usize, ldG: i32, up: usize, ldU: i32, out: usize, columns: i32, factors: usize,
): void {
  to = min(to, load<i32>(span));
  for (let row = from; row < to; row++) {
    const g = gate + ((row * ldG) << 2);
    const u = up + ((row * ldU) << 2);
    const y = out + ((row * columns) << 2);
    let i = 0;
    for (; i + 4 <= columns; i += 4) {
      const kept = f32x4.max(v128.load(g + (i << 2)), f32x4.splat(0));
      v128.store(y + (i << 2), f32x4.mul(kept, v128.load(u + (i << 2))));
    }
    for (; i < columns; i++) store<f32>(y + (i << 2), max<f32>(load<f32>(g + (i << 2)), 0) * load<f32>(u + (i << 2)));
    if (factors) scaled(y, columns, 1, factors, y);
  }
}

function gateFours(g: usize, u: usize, columns: i32, constants: usize, y: usize): void {
  const a0 = v128.load32_splat(constants);
  const a1 = v128.load32_splat(constants, 4);
  const a2 = v128.load32_splat(constants, 8);
  const a3 = v128.load32_splat(constants, 12);
  const a4 = v128.load32_splat(constants, 16);
  const a5 = v128.load32_splat(constants, 20);
  const high = v128.load32_splat(constants, 24);
  const low = v128.load32_splat(constants, 28);
  const most = v128.load32_splat(constants, 32);
  for (let i = 0; i < columns; i += 4) {
    const x = v128.load(g);
    const minus = f32x4.neg(x);
    // Past ±126 the quotient is x or nothing beside it.
    const n = f32x4.max(f32x4.min(f32x4.nearest(f32x4.mul(minus, high)), most), f32x4.neg(most));
    const f = f32x4.relaxed_madd(minus, low, f32x4.relaxed_madd(minus, high, f32x4.neg(n)));
    let p = f32x4.relaxed_madd(a5, f, a4);
    p = f32x4.relaxed_madd(p, f, a3);
    p = f32x4.relaxed_madd(p, f, a2);
    p = f32x4.relaxed_madd(p, f, a1);
    p = f32x4.relaxed_madd(p, f, a0);
    const power = i32x4.add(p, i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 23));
    v128.store(y, f32x4.mul(f32x4.div(x, f32x4.add(a0, power)), v128.load(u)));
    g += 16;
    u += 16;
    y += 16;
  }
}
