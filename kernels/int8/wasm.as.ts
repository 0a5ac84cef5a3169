// int8 weights in panels [N/NR][K/4][NR][4]: a 32-bit lane holds four consecutive k of one row of W. K is padded to
// four with zeros. Work is shared out by thread, `from` being the thread's index: each has scratch of its own.
import { dot2, dot3, dot4, dot5, dot6, dot1, pair1, pair2, pair3, pair4, pair5 } from './tiles';
import { multiplyTile, row, rowPairs, unpackF32, unpackPairs } from './tiles';
import { MR } from '../dense/blocks';
import { share } from '../dense/row-panels.as';
import { KC, MC, PAIR_KC, PAIR_MC, PAIR_MR } from './blocks';

export { packX } from '../dense/row-panels.as';
export { probeDot } from './probe-dot.as';

// X in f32 panels, W [panels][K/4][NR][4] int8, scales [panels·NR] f32 → Y [M, ldY]; scratch [threads][KC][NR] f32
export function gemm(
  from: i32, to: i32, threads: i32, panels: i32,
  X: usize, W: usize, scales: usize, scratch: usize, Y: usize, M: i32, ldY: i32, K: i32, quads: i32, NR: i32,
): void {
  const w = scratch + ((from * KC * NR) << 2);
  const end = share(panels, to, threads);
  for (let block = 0; block < M; block += MC) {
    const last = min(M, block + MC);
    for (let k = 0; k < K; k += KC) {
      const kc = min(KC, K - k);
      for (let n = share(panels, from, threads); n < end; n++) {
        unpackF32(W + (((n * quads + (k >> 2)) * NR) << 2), scales + ((n * NR) << 2), (kc + 3) >> 2, w);
        for (let m = block; m < last; m += MR) {
          const rows = min(MR, M - m);
          multiplyTile(rows, X + ((m * K + k * rows) << 2), w, kc, Y + ((m * ldY + n * NR) << 2), ldY << 2, k == 0);
        }
      }
    }
  }
}

// x [K] f32 → [quads][4]: x₃, x₂ − x₃/256, x₁ − x₂/256, x₀ − x₁/256, as `row` in tiles.gen.ts wants it, times 2⁻²⁴
export function carryX(from: i32, to: i32, x: usize, out: usize, K: i32): void {
  for (let q = from; q < to; q++) {
    let above: f32 = 0;
    for (let j = 3; j >= 0; j--) {
      const k = q * 4 + j;
      const value = k < K ? load<f32>(x + (k << 2)) : 0;
      store<f32>(out + ((q * 4 + j) << 2), (value - above * (1.0 / 256)) * (1.0 / 16777216));
      above = value;
    }
  }
}

// x as carryX leaves it, W with carries, scales [panels·NR] → y [panels·NR], panels from … to
export function gemv(from: i32, to: i32, x: usize, W: usize, scales: usize, y: usize, quads: i32, NR: i32): void {
  for (let n = from; n < to; n++) {
    rowF32(n, x, W, scales, y, quads, NR);
  }
}

function rowF32(n: i32, x: usize, W: usize, scales: usize, y: usize, quads: i32, NR: i32): void {
  row(x, W + ((n * quads * NR) << 2), quads, scales + ((n * NR) << 2), y + ((n * NR) << 2));
}

// x [K] f32 → max|x|/127, as f32
function scaleOf(x: usize, K: i32): f32 {
  let largest = f32x4.splat(0);
  let k = 0;
  for (; k + 4 <= K; k += 4) largest = f32x4.max(largest, f32x4.abs(v128.load(x + (k << 2))));
  let peak = max(
    max(f32x4.extract_lane(largest, 0), f32x4.extract_lane(largest, 1)),
    max(f32x4.extract_lane(largest, 2), f32x4.extract_lane(largest, 3)),
  );
  for (; k < K; k++) peak = max(peak, abs(load<f32>(x + (k << 2))));
  return peak / 127;
}

// Four of x, the first `count` of them real → round(x / scale) as i32x4
@inline
function quantizeFour(x: usize, count: i32, inverse: v128): v128 {
  let values = f32x4.splat(0);
  if (count >= 4) {
    values = v128.load(x);
  } else {
    values = f32x4.replace_lane(values, 0, load<f32>(x));
    if (count > 1) values = f32x4.replace_lane(values, 1, load<f32>(x, 4));
    if (count > 2) values = f32x4.replace_lane(values, 2, load<f32>(x, 8));
  }
  const rounded = f32x4.floor(f32x4.add(f32x4.mul(values, inverse), f32x4.splat(0.5)));
  return i32x4.trunc_sat_f32x4_s(rounded);
}

// X [M,K] f32, rows from … to → int16 in panels of PAIR_MR rows [quads][rows of the panel][x₀, x₂, x₁, x₃], their scales [M]
export function quantizePairs(from: i32, to: i32, X: usize, panels: usize, scales: usize, M: i32, K: i32, quads: i32): void {
  for (let m = from; m < to; m++) {
    const x = X + ((m * K) << 2);
    const scale = scaleOf(x, K);
    store<f32>(scales + (m << 2), scale);
    const inverse = f32x4.splat(scale == 0 ? 0 : 1 / scale);
    const first = m - (m % PAIR_MR);
    const rows = min(PAIR_MR, M - first);
    let out = panels + ((first * quads + m - first) << 3);
    for (let q = 0; q < quads; q++) {
      const integers = quantizeFour(x + (q << 4), K - q * 4, inverse);
      const pairs = i8x16.shuffle(integers, integers, 0, 1, 8, 9, 4, 5, 12, 13, 0, 1, 8, 9, 4, 5, 12, 13);
      v128.store64_lane(out, pairs, 0);
      out += rows << 3;
    }
  }
}

// X [M,K] f32, rows from … to → int8 plus bias in panels of MR rows [quads][rows of the panel][4], their scales [M]
export function quantizeBytes(
  from: i32, to: i32, X: usize, panels: usize, scales: usize, M: i32, K: i32, quads: i32, bias: i32,
): void {
  for (let m = from; m < to; m++) {
    const x = X + ((m * K) << 2);
    const scale = scaleOf(x, K);
    store<f32>(scales + (m << 2), scale);
    const inverse = f32x4.splat(scale == 0 ? 0 : 1 / scale);
    const first = m - (m % MR);
    const rows = min(MR, M - first);
    let out = panels + ((first * quads + m - first) << 2);
    for (let q = 0; q < quads; q++) {
      const integers = i32x4.add(quantizeFour(x + (q << 4), K - q * 4, inverse), i32x4.splat(bias));
      v128.store32_lane(out, i8x16.shuffle(integers, integers, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0);
      out += rows << 2;
    }
  }
}

// X as quantizePairs leaves it, W [panels][quads][NR][4] int8 → Y [M, ldY] f32, int32 until the last part of K;
// scratch [threads][PAIR_KC][NR] int16
export function gemmPairs(
  from: i32, to: i32, threads: i32, panels: i32,
  X: usize, xScales: usize, W: usize, scales: usize, scratch: usize, Y: usize, M: i32, ldY: i32, quads: i32, NR: i32,
): void {
  const part = PAIR_KC >> 2;
  const w = scratch + ((from * PAIR_KC * NR) << 1);
  const end = share(panels, to, threads);
  for (let block = 0; block < M; block += PAIR_MC) {
    const lastRow = min(M, block + PAIR_MC);
    for (let q = 0; q < quads; q += part) {
      const count = min(part, quads - q);
      const last = q + part >= quads;
      for (let n = share(panels, from, threads); n < end; n++) {
        unpackPairs(W + (((n * quads + q) * NR) << 2), count, w);
        const ws = scales + ((n * NR) << 2);
        for (let m = block; m < lastRow; m += PAIR_MR) {
          const rows = min(PAIR_MR, M - m);
          const x = X + ((m * quads + q * rows) << 3);
          const y = Y + ((m * ldY + n * NR) << 2);
          multiplyPairs(rows, x, w, count, y, ldY << 2, q == 0, last, xScales + (m << 2), ws);
        }
      }
    }
  }
}

function multiplyPairs(
  rows: i32, x: usize, w: usize, quads: i32, y: usize, ldY: usize, first: bool, last: bool, xs: usize, ws: usize,
): void {
  switch (rows) {
    case 1: return pair1(x, w, quads, y, ldY, first, last, xs, ws);
    case 2: return pair2(x, w, quads, y, ldY, first, last, xs, ws);
    case 3: return pair3(x, w, quads, y, ldY, first, last, xs, ws);
    case 4: return pair4(x, w, quads, y, ldY, first, last, xs, ws);
    default: return pair5(x, w, quads, y, ldY, first, last, xs, ws);
  }
}

// X as quantizeBytes leaves it, W [panels][quads][NR][4] int8, start [panels·NR] = −bias·Σₖ w → Y [M, ldY] f32; panels from … to
export function gemmBytes(
  from: i32, to: i32,
  X: usize, xScales: usize, W: usize, scales: usize, start: usize, Y: usize, M: i32, ldY: i32, quads: i32, NR: i32,
): void {
  for (let block = 0; block < M; block += MC) {
    const last = min(M, block + MC);
    for (let n = from; n < to; n++) {
      const column = (n * NR) << 2;
      for (let m = block; m < last; m += MR) {
        const rows = min(MR, M - m);
        const x = X + ((m * quads) << 2);
        const w = W + ((n * quads * NR) << 2);
        const y = Y + ((m * ldY) << 2) + column;
        multiplyBytes(rows, x, w, quads, y, ldY << 2, start + column, xScales + (m << 2), scales + column);
      }
    }
  }
}

function multiplyBytes(
  rows: i32, x: usize, w: usize, quads: i32, y: usize, ldY: usize, start: usize, xs: usize, ws: usize,
): void {
  switch (rows) {
    case 1: return dot1(x, w, quads, y, ldY, start, xs, ws);
    case 2: return dot2(x, w, quads, y, ldY, start, xs, ws);
    case 3: return dot3(x, w, quads, y, ldY, start, xs, ws);
    case 4: return dot4(x, w, quads, y, ldY, start, xs, ws);
    case 5: return dot5(x, w, quads, y, ldY, start, xs, ws);
    default: return dot6(x, w, quads, y, ldY, start, xs, ws);
  }
}

// x [quads][x₀, x₂, x₁, x₃] int16, W [panels][quads][NR][4] int8 → y [panels·NR] f32, panels from … to
export function gemvPairs(
  from: i32, to: i32, x: usize, xScale: usize, W: usize, scales: usize, y: usize, quads: i32, NR: i32,
): void {
  for (let n = from; n < to; n++) {
    const column = (n * NR) << 2;
    rowPairs(x, W + ((n * quads * NR) << 2), quads, xScale, scales + column, y + column);
  }
}
