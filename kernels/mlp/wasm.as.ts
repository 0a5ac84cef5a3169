// The feed-forward part of a layer: two dense products, and bias and ReLU between them, as a pass of their own or where a tile leaves
// its sums.
import { gemm, gemv } from '../dense/wasm.as';
import { packX, share } from '../dense/row-panels.as';
import { MC, MR } from '../dense/blocks';

export { gemm, gemv, packX };

// y [columns] → relu(y + bias)
function addBiasRelu(y: usize, bias: usize, columns: i32): void {
  const end = y + (columns << 2);
  const zero = f32x4.splat(0);
  for (; y < end; y += 16) {
    v128.store(y, f32x4.max(f32x4.add(v128.load(y), v128.load(bias)), zero));
    bias += 16;
  }
}

// Y [to][columns] → relu(Y + bias), rows from … to; columns are a multiple of four
export function biasRelu(from: i32, to: i32, Y: usize, bias: usize, columns: i32): void {
  for (let m = from; m < to; m++) addBiasRelu(Y + ((m * columns) << 2), bias, columns);
}

// x [K], W [to][K][NR] → h [to·NR] = relu(x·W + bias), panels from … to
export function gemvRelu(from: i32, to: i32, x: usize, W: usize, bias: usize, h: usize, K: i32, NR: i32): void {
  gemv(from, to, x, W, h, K, NR);
  const first = (from * NR) << 2;
  addBiasRelu(h + first, bias + first, (to - from) * NR);
}

// X in panels of at most MC rows, W [panels][K][NR] → relu(X·W + bias) as packX would leave it, [ceil(M/6)][panels·NR][rows of the panel].
// `from` and `to` are threads; sums [threads][MC][NR] is scratch
export function gemmRelu(
  from: i32,
  to: i32,
  threads: i32,
  panels: i32,
  X: usize,
  W: usize,
  bias: usize,
  into: usize,
  sums: usize,
  M: i32,
  K: i32,
  NR: i32,
): void {
  const own = sums + ((from * MC * NR) << 2);
  const end = share(panels, to, threads);
  for (let n = share(panels, from, threads); n < end; n++) {
    const column = n * NR;
    // Rows of the product stand NR values apart, so that its only panel is all there is of them.
    gemm(n, n + 1, X, W, own - (column << 2), M, NR, K, NR);
    for (let m = 0; m < M; m++) addBiasRelu(own + ((m * NR) << 2), bias + (column << 2), NR);
    for (let m = 0; m < M; m += MR) {
      const rows = min(MR, M - m);
      packX(0, 1, own + ((m * NR) << 2), into + ((m * panels * NR + column * rows) << 2), rows, NR);
    }
  }
}
