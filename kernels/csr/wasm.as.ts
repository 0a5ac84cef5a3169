// Products with W in CSR: one nonzero serves all rows of X that stand side by side. `from` and `to` are threads: each
// has rows of W with about as many nonzeros as the others', and scratch of its own.
import { tile1, tile2, tile3, tile4, tile5, tile6, tile7, tile8 } from './tiles';
import { int8Tile1, int8Tile2, int8Tile3, int8Tile4, int8Tile5, int8Tile6, int8Tile7, int8Tile8 } from './tiles';
import { transpose } from './transpose.as';

export { packLanes } from './transpose.as';

// Rows of W whose sums are gathered before they are turned into rows of Y, in whole cache lines.
const GROUP: i32 = 64;

// X in panels [ceil(M/lanes)][K][lanes] of up to eight units, W in groups of 64 rows: starts [groups] u32 of the nonzeros
// of a group, steps of four nonzeros [groups][blocks of K][64] u16, columns
// and values in that order, padded to whole steps, f32 where there are no scales (0) and else int8 with scales [N] f32;
// groups of thread t from shares[t] to shares[t + 1] → Y [M,N]; sums [threads][64][lanes] is scratch
export function multiply(
  from: i32,
  to: i32,
  X: usize,
  starts: usize,
  steps: usize,
  columns: usize,
  values: usize,
  scales: usize,
  shares: usize,
  sums: usize,
  Y: usize,
  M: i32,
  N: i32,
  K: i32,
  blocks: i32,
  lanes: i32,
  unit: i32,
): void {
  for (let t = from; t < to; t++) {
    const end = load<i32>(shares + (t << 2), 4);
    const sum = sums + ((t * GROUP * lanes) << 2);
    for (let m = 0; m < M; m += lanes) {
      const units = (min(lanes, M - m) + unit - 1) / unit;
      for (let g = load<i32>(shares + (t << 2)); g < end; g++) {
        const rows = min(GROUP, N - g * GROUP);
        const start = load<u32>(starts + (g << 2));
        const step = steps + ((g * GROUP * blocks) << 1);
        const x = X + ((m * K) << 2);
        if (scales == 0) {
          multiplyGroup(x, step, columns + (start << 1), values + (start << 2), sum, rows, blocks, units);
        } else {
          const scale = scales + ((g * GROUP) << 2);
          multiplyInt8Group(x, step, columns + (start << 1), values + start, scale, sum, rows, blocks, units);
        }
        const y = Y + ((m * N + g * GROUP) << 2);
        transpose(sum, (units * unit) << 2, y, N << 2, rows, min(lanes, M - m), 4);
      }
    }
  }
}

// X [K][units·unit], steps [blocks][rows], columns and values of the group → sum [rows][units·unit]
function multiplyGroup(
  X: usize,
  steps: usize,
  columns: usize,
  values: usize,
  sum: usize,
  rows: i32,
  blocks: i32,
  units: i32,
): void {
  for (let b = 0; b < blocks; b++) {
    const taken = multiplyTile(units, steps, rows, columns, values, X, sum, b == 0);
    steps += rows << 1;
    columns += taken << 3;
    values += taken << 4;
  }
}

function multiplyTile(
  units: i32,
  steps: usize,
  rows: i32,
  columns: usize,
  w: usize,
  x: usize,
  y: usize,
  first: bool,
): i32 {
  switch (units) {
    case 1: return tile1(steps, rows, columns, w, x, y, first);
    case 2: return tile2(steps, rows, columns, w, x, y, first);
    case 3: return tile3(steps, rows, columns, w, x, y, first);
    case 4: return tile4(steps, rows, columns, w, x, y, first);
    case 5: return tile5(steps, rows, columns, w, x, y, first);
    case 6: return tile6(steps, rows, columns, w, x, y, first);
    case 7: return tile7(steps, rows, columns, w, x, y, first);
    default: return tile8(steps, rows, columns, w, x, y, first);
  }
}

// The same with values of int8 and scales [rows] f32 of the group
function multiplyInt8Group(
  X: usize,
  steps: usize,
  columns: usize,
  values: usize,
  scales: usize,
  sum: usize,
  rows: i32,
  blocks: i32,
  units: i32,
): void {
  for (let b = 0; b < blocks; b++) {
    const scale = b == blocks - 1 ? scales : 0;
    const taken = multiplyInt8Tile(units, steps, rows, columns, values, scale, X, sum, b == 0);
    steps += rows << 1;
    columns += taken << 3;
    values += taken << 2;
  }
}

function multiplyInt8Tile(
  units: i32,
  steps: usize,
  rows: i32,
  columns: usize,
  w: usize,
  scales: usize,
  x: usize,
  y: usize,
  first: bool,
): i32 {
  switch (units) {
    case 1: return int8Tile1(steps, rows, columns, w, scales, x, y, first);
    case 2: return int8Tile2(steps, rows, columns, w, scales, x, y, first);
    case 3: return int8Tile3(steps, rows, columns, w, scales, x, y, first);
    case 4: return int8Tile4(steps, rows, columns, w, scales, x, y, first);
    case 5: return int8Tile5(steps, rows, columns, w, scales, x, y, first);
    case 6: return int8Tile6(steps, rows, columns, w, scales, x, y, first);
    case 7: return int8Tile7(steps, rows, columns, w, scales, x, y, first);
    default: return int8Tile8(steps, rows, columns, w, scales, x, y, first);
  }
}

// x [K], W in CSR with rowPtr [N+1] u32, rows of thread t from shares[t] to shares[t + 1] → y [N]
export function gemv(from: i32, to: i32, x: usize, rowPtr: usize, columns: usize, values: usize, shares: usize, y: usize): void {
  for (let t = from; t < to; t++) {
    const end = load<i32>(shares + (t << 2), 4);
    for (let n = load<i32>(shares + (t << 2)); n < end; n++) {
      const start = load<u32>(rowPtr + (n << 2));
      const count = load<u32>(rowPtr + (n << 2), 4) - start;
      store<f32>(y + (n << 2), dot(x, columns + (start << 1), values + (start << 2), count));
    }
  }
}

// x [K], columns and values [count] → their product
function dot(x: usize, columns: usize, values: usize, count: i32): f32 {
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let i = count;
  for (; i >= 8; i -= 8) {
    c0 = f32x4.relaxed_madd(gather(x, load<u64>(columns)), v128.load(values), c0);
    c1 = f32x4.relaxed_madd(gather(x, load<u64>(columns, 8)), v128.load(values, 16), c1);
    columns += 16;
    values += 32;
  }
  c0 = f32x4.add(c0, c1);
  let sum = f32x4.extract_lane(c0, 0) + f32x4.extract_lane(c0, 1) + f32x4.extract_lane(c0, 2) + f32x4.extract_lane(c0, 3);
  for (; i > 0; i--) {
    sum += load<f32>(x + (<usize>load<u16>(columns) << 2)) * load<f32>(values);
    columns += 2;
    values += 4;
  }
  return sum;
}

// The same with values of int8 and scales [N] f32
export function int8Gemv(
  from: i32,
  to: i32,
  x: usize,
  rowPtr: usize,
  columns: usize,
  values: usize,
  scales: usize,
  shares: usize,
  y: usize,
): void {
  for (let t = from; t < to; t++) {
    const end = load<i32>(shares + (t << 2), 4);
    for (let n = load<i32>(shares + (t << 2)); n < end; n++) {
      const start = load<u32>(rowPtr + (n << 2));
      const count = load<u32>(rowPtr + (n << 2), 4) - start;
      const sum = int8Dot(x, columns + (start << 1), values + start, count);
      store<f32>(y + (n << 2), sum * load<f32>(scales + (n << 2)));
    }
  }
}

function int8Dot(x: usize, columns: usize, values: usize, count: i32): f32 {
  let c0 = f32x4.splat(0);
  let c1 = f32x4.splat(0);
  let i = count;
  for (; i >= 8; i -= 8) {
    const eight = v128.load_ext<i8>(values);
    const low = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(eight));
    const high = f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(eight));
    c0 = f32x4.relaxed_madd(gather(x, load<u64>(columns)), low, c0);
    c1 = f32x4.relaxed_madd(gather(x, load<u64>(columns, 8)), high, c1);
    columns += 16;
    values += 8;
  }
  c0 = f32x4.add(c0, c1);
  let sum = f32x4.extract_lane(c0, 0) + f32x4.extract_lane(c0, 1) + f32x4.extract_lane(c0, 2) + f32x4.extract_lane(c0, 3);
  for (; i > 0; i--) {
    sum += load<f32>(x + (<usize>load<u16>(columns) << 2)) * <f32>load<i8>(values);
    columns += 2;
    values++;
  }
  return sum;
}

// x [K], four columns of 16 bits → their four values
@inline
function gather(x: usize, columns: u64): v128 {
  let v = v128.load32_zero(x + (<usize>(columns & 0xffff) << 2));
  v = v128.load32_lane(x + (<usize>((columns >> 16) & 0xffff) << 2), v, 1);
  v = v128.load32_lane(x + (<usize>((columns >> 32) & 0xffff) << 2), v, 2);
  return v128.load32_lane(x + (<usize>(columns >> 48) << 2), v, 3);
}
