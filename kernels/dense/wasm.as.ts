// Dense f32 products over packed panels, after Goto & van de Geijn 2008. `from` and `to` are a thread's share.
import { multiplyTile, row } from './tiles';
import { KC, MC, MR } from './blocks';

export { packX } from './row-panels.as';

// X in panels, W [to][K][NR], Y [M, ldY]: columns of the panels from … to
export function gemm(from: i32, to: i32, X: usize, W: usize, Y: usize, M: i32, ldY: i32, K: i32, NR: i32): void {
  for (let k = 0; k < K; k += KC) {
    const kc = min(KC, K - k);
    for (let block = 0; block < M; block += MC) {
      const end = min(M, block + MC);
      for (let n = from; n < to; n++) {
        const w = W + (((n * K + k) * NR) << 2);
        for (let m = block; m < end; m += MR) {
          const rows = min(MR, M - m);
          multiplyTile(rows, X + ((m * K + k * rows) << 2), w, kc, Y + ((m * ldY + n * NR) << 2), ldY << 2, k == 0);
        }
      }
    }
  }
}

// x [K], W [to][K][NR] → y [to·NR], panels from … to
export function gemv(from: i32, to: i32, x: usize, W: usize, y: usize, K: i32, NR: i32): void {
  for (let n = from; n < to; n++) row(x, W + ((n * K * NR) << 2), K, y + ((n * NR) << 2));
}
