// Products with W of which two of every four weights are kept. With many rows of X one kept weight serves all that
// stand side by side; with one row a swizzle picks the activations of two rows of W at once.
import { transpose } from '../csr/transpose.as';
import { panel, tile1, tile2, tile3, tile4, tile5, tile6, tile7, tile8 } from './tiles';
import { int8Panel, int8Tile1, int8Tile2, int8Tile3, int8Tile4, int8Tile5, int8Tile6, int8Tile7, int8Tile8 } from './tiles';

export { packLanes } from '../csr/transpose.as';

// Rows of W whose sums are gathered before they are turned into rows of Y, in whole cache lines.
const GROUP: i32 = 64;

// X in panels [ceil(M/lanes)][K][lanes] of up to eight units, W in groups of 64 rows: values [groups][K/KC][64][KC/2]
// and places [groups][K/KC][64][KC/16] u16, K a multiple of 16 → Y [M,N]; sums [threads][64][lanes] is scratch. Values are f32
// where there are no scales (0) and else int8 with scales [N] f32.
// `from` and `to` are threads
export function multiply(
  from: i32,
  to: i32,
  threads: i32,
  X: usize,
  values: usize,
  scales: usize,
  places: usize,
  sums: usize,
  Y: usize,
  M: i32,
  N: i32,
  K: i32,
  KC: i32,
  lanes: i32,
  unit: i32,
): void {
  const groups = (N + GROUP - 1) / GROUP;
  for (let t = from; t < to; t++) {
    const begin = groups * t / threads;
    const end = groups * (t + 1) / threads;
    const sum = sums + ((t * GROUP * lanes) << 2);
    for (let m = 0; m < M; m += lanes) {
      const width = (min(lanes, M - m) + unit - 1) / unit * unit;
      for (let g = begin; g < end; g++) {
        const rows = min(GROUP, N - g * GROUP);
        const kept = g * GROUP * (K >> 1);
        const x = X + ((m * K) << 2);
        if (scales == 0) {
          multiplyGroup(x, values + (kept << 2), places + (kept >> 2), sum, rows, K, KC, width, width / unit);
        } else {
          const scale = scales + ((g * GROUP) << 2);
          multiplyInt8Group(x, values + kept, scale, places + (kept >> 2), sum, rows, K, KC, width, width / unit);
        }
        transpose(sum, width << 2, Y + ((m * N + g * GROUP) << 2), N << 2, rows, min(lanes, M - m), 4);
      }
    }
  }
}

// X [K][width], values and places of the group → sum [rows][width]
function multiplyGroup(
  X: usize,
  values: usize,
  places: usize,
  sum: usize,
  rows: i32,
  K: i32,
  KC: i32,
  width: i32,
  units: i32,
): void {
  for (let k = 0; k < K; k += KC) {
    const steps = min(KC, K - k) >> 4;
    multiplyTile(units, places, values, rows, steps, X + ((k * width) << 2), sum, k == 0);
    values += rows * steps << 5;
    places += rows * steps << 1;
  }
}

function multiplyTile(
  units: i32,
  places: usize,
  w: usize,
  rows: i32,
  steps: i32,
  x: usize,
  y: usize,
  first: bool,
): void {
  switch (units) {
    case 1: return tile1(places, w, rows, steps, x, y, first);
    case 2: return tile2(places, w, rows, steps, x, y, first);
    case 3: return tile3(places, w, rows, steps, x, y, first);
    case 4: return tile4(places, w, rows, steps, x, y, first);
    case 5: return tile5(places, w, rows, steps, x, y, first);
    case 6: return tile6(places, w, rows, steps, x, y, first);
    case 7: return tile7(places, w, rows, steps, x, y, first);
    default: return tile8(places, w, rows, steps, x, y, first);
  }
}

// The same with values of int8 and scales [rows] f32 of the group
function multiplyInt8Group(
  X: usize,
  values: usize,
  scales: usize,
  places: usize,
  sum: usize,
  rows: i32,
  K: i32,
  KC: i32,
  width: i32,
  units: i32,
): void {
  for (let k = 0; k < K; k += KC) {
    const steps = min(KC, K - k) >> 4;
    const scale = k + KC >= K ? scales : 0;
    multiplyInt8Tile(units, places, values, scale, rows, steps, X + ((k * width) << 2), sum, k == 0);
    values += rows * steps << 3;
    places += rows * steps << 1;
  }
}

function multiplyInt8Tile(
  units: i32,
  places: usize,
  w: usize,
  scales: usize,
  rows: i32,
  steps: i32,
  x: usize,
  y: usize,
  first: bool,
): void {
  switch (units) {
    case 1: return int8Tile1(places, w, scales, rows, steps, x, y, first);
    case 2: return int8Tile2(places, w, scales, rows, steps, x, y, first);
    case 3: return int8Tile3(places, w, scales, rows, steps, x, y, first);
    case 4: return int8Tile4(places, w, scales, rows, steps, x, y, first);
    case 5: return int8Tile5(places, w, scales, rows, steps, x, y, first);
    case 6: return int8Tile6(places, w, scales, rows, steps, x, y, first);
    case 7: return int8Tile7(places, w, scales, rows, steps, x, y, first);
    default: return int8Tile8(places, w, scales, rows, steps, x, y, first);
  }
}

// x [4·groups], W in panels of sixteen rows: values [to][groups][16][2], places [to][groups][16] of four bits,
// table [256][16]: the bytes of the activations that two rows' places pick → y [16·to], panels from … to
export function gemv(from: i32, to: i32, x: usize, values: usize, places: usize, table: usize, y: usize, groups: i32): void {
  for (let p = from; p < to; p++) {
    const first = p * groups;
    panel(x, values + (first << 7), places + (first << 3), table, y + (p << 6), groups);
  }
}

// The same with values of int8 and scales [16·to] f32
export function int8Gemv(
  from: i32,
  to: i32,
  x: usize,
  values: usize,
  scales: usize,
  places: usize,
  table: usize,
  y: usize,
  groups: i32,
): void {
  for (let p = from; p < to; p++) {
    const first = p * groups;
    int8Panel(x, values + (first << 5), scales + (p << 6), places + (first << 3), table, y + (p << 6), groups);
  }
}
