// The two thin products of a low-rank correction.
import { multiplyTile, row } from './tiles';
import { KC, MR } from '../dense/blocks';

// X [M,K] in panels of MR rows, down [rank/NR][K][NR] → thin [M, rank]; panels of down from … to
export function thinRows(from: i32, to: i32, X: usize, down: usize, thin: usize, M: i32, rank: i32, K: i32, NR: i32): void {
  for (let n = from; n < to; n++) {
    const w = down + ((n * K * NR) << 2);
    const y = thin + ((n * NR) << 2);
    if (M == 1) row(X, w, K, y);
    else multiplyRows(X, w, y, M, rank, K, NR, true);
  }
}

// Thin rows in panels of MR, up [N/NR][rank][NR] → added to Y [M, ldY]; panels of up from … to
export function addThin(from: i32, to: i32, thin: usize, up: usize, Y: usize, M: i32, ldY: i32, rank: i32, NR: i32): void {
  for (let n = from; n < to; n++) {
    multiplyRows(thin, up + ((n * rank * NR) << 2), Y + ((n * NR) << 2), M, ldY, rank, NR, false);
  }
}

function multiplyRows(X: usize, w: usize, y: usize, M: i32, ldY: i32, K: i32, NR: i32, first: bool): void {
  for (let k = 0; k < K; k += KC) {
    const kc = min(KC, K - k);
    for (let m = 0; m < M; m += MR) {
      const rows = min(MR, M - m);
      multiplyTile(rows, X + ((m * K + k * rows) << 2), w + ((k * NR) << 2), kc, y + ((m * ldY) << 2), ldY << 2, first && k == 0);
    }
  }
}
