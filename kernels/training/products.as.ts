// Matrix products over packed panels, after Goto & van de Geijn 2008: A in panels of MR rows, B in panels of NR columns.
import { MR, NR, multiplyTile } from './tiles';

/** Columns of a part of K, and rows of A in a block: a panel of B stays in L1, a block of A in L2. */
const KC = 256;
const MC = 160;

/** What of a causal product is left out: all of it is computed, or C above the diagonal isn't, or A is 0 above or below. */
const LOWER_C = 1;
const LOWER_A = 2;
const UPPER_A = 3;

// A [M/MR][K][MR], B [N/NR][K][NR] → C [M,N] with rows ldC values apart. N is a multiple of NR.
export function multiply(A: usize, B: usize, C: usize, ldC: i32, M: i32, N: i32, K: i32, adds: bool, causal: i32): void {
  for (let k = 0; k < K; k += KC) {
    for (let block = 0; block < M; block += MC) {
      const end = min(M, block + MC);
      for (let n = 0; n < N; n += NR) {
        for (let m = block; m < end; m += MR) {
          const rows = min(MR, M - m);
          if (causal == LOWER_C && n >= m + rows) continue;
          const first = causal == UPPER_A ? m : 0;
          const last = causal == LOWER_A ? min(K, m + rows) : K;
          const from = max(k, first);
          const to = min(k + KC, last);
          if (from >= to) continue;
          const a = A + ((m * K + from * rows) << 2);
          const b = B + ((n * K + from * NR) << 2);
          multiplyTile(rows, a, b, to - from, C + ((m * ldC + n) << 2), ldC << 2, adds || from > first);
        }
      }
    }
  }
}

// X [rows,K] with rows ld values apart → panels [rows/MR][K][MR], as A of a product over K
export function packRows(X: usize, ld: i32, panels: usize, rows: i32, K: i32): void {
  for (let r = 0; r < rows; r += MR) transposePanel(X + ((r * ld) << 2), ld, panels + ((r * K) << 2), min(MR, rows - r), K);
}

// W [columns,K] → panels [columns/NR][K][NR], as B of a product over K
export function packColumns(W: usize, ld: i32, panels: usize, columns: i32, K: i32): void {
  for (let n = 0; n < columns; n += NR) transposePanel(W + ((n * ld) << 2), ld, panels + ((n * K) << 2), NR, K);
}

// X [K,rows] with rows ld values apart → the same panels as packRows makes of its transpose
export function packRowsOfTranspose(X: usize, ld: i32, panels: usize, rows: i32, K: i32): void {
  for (let r = 0; r < rows; r += MR) copyPanel(X + (r << 2), ld, panels + ((r * K) << 2), min(MR, rows - r), K);
}

export function packColumnsOfTranspose(W: usize, ld: i32, panels: usize, columns: i32, K: i32): void {
  for (let n = 0; n < columns; n += NR) copyPanel(W + (n << 2), ld, panels + ((n * K) << 2), NR, K);
}

// source [width,K] → target [K][width]; K is a multiple of 4
function transposePanel(source: usize, ld: i32, target: usize, width: i32, K: i32): void {
  const row = ld << 2;
  const step = width << 2;
  let r = 0;
  for (; r + 4 <= width; r += 4) {
    let from = source + r * row;
    let to = target + (r << 2);
    for (let k = 0; k < K; k += 4) {
      const a = v128.load(from);
      const b = v128.load(from + row);
      const c = v128.load(from + 2 * row);
      const d = v128.load(from + 3 * row);
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(to + step, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
      v128.store(to + 2 * step, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5));
      v128.store(to + 3 * step, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7));
      from += 16;
      to += 4 * step;
    }
  }
  for (; r < width; r++) {
    for (let k = 0; k < K; k++) store<f32>(target + ((k * width + r) << 2), load<f32>(source + r * row + (k << 2)));
  }
}

// source [K,width] with rows ld values apart → target [K][width]
function copyPanel(source: usize, ld: i32, target: usize, width: i32, K: i32): void {
  for (let k = 0; k < K; k++) {
    let c = 0;
    for (; c + 4 <= width; c += 4) v128.store(target + (c << 2), v128.load(source + (c << 2)));
    for (; c < width; c++) store<f32>(target + (c << 2), load<f32>(source + (c << 2)));
    source += ld << 2;
    target += width << 2;
  }
}
