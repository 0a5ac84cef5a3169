// The feed-forward part of a layer whose second product reads, for each row, only the weights of hidden values that are kept: these become
// a row of a sparse matrix, and the tile of CSR multiplies it with the weights, whose columns stand side by side.
import { lanes8 } from './tiles';

export { gemm, gemv } from '../dense/wasm.as';
export { packX } from '../dense/row-panels.as';

// hidden [to][width] as the first product leaves it → of relu(hidden + bias) what is kept, row by row: columns u16 and values f32
// [to][room], filled up with zeros to whole steps of four, and the number of these, steps [to] u16. Kept is what is above the threshold,
// or what the mask [2·count] u8 says, from another place on in each row.
export function keepHidden(
  from: i32,
  to: i32,
  hidden: usize,
  width: i32,
  count: i32,
  bias: usize,
  threshold: usize,
  mask: usize,
  stride: i32,
  columns: usize,
  values: usize,
  room: i32,
  steps: usize,
): void {
  const limit = load<f32>(threshold);
  for (let m = from; m < to; m++) {
    const row = hidden + ((m * width) << 2);
    const bits = mask == 0 ? 0 : mask + <usize>(<u32>(m * stride) % <u32>count);
    let column = columns + ((m * room) << 1);
    let value = values + ((m * room) << 2);
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const h = max<f32>(load<f32>(row + (k << 2)) + load<f32>(bias + (k << 2)), 0);
      // Written in any case, and written over by the next where it isn't kept.
      store<u16>(column, <u16>k);
      store<f32>(value, h);
      const isKept = bits == 0 ? <i32>(h > limit) : <i32>load<u8>(bits + k);
      column += isKept << 1;
      value += isKept << 2;
      kept += isKept;
    }
    for (; (kept & 3) != 0; kept++) {
      store<u16>(column, 0);
      store<f32>(value, 0);
      column += 2;
      value += 4;
    }
    store<u16>(steps + (m << 1), <u16>(kept >> 2));
  }
}

// What keepHidden leaves, W [to][count][lanes] → Y [M][ldY], panels of columns from … to
export function multiplyKept(
  from: i32,
  to: i32,
  columns: usize,
  values: usize,
  room: i32,
  steps: usize,
  W: usize,
  count: i32,
  lanes: i32,
  Y: usize,
  M: i32,
  ldY: i32,
): void {
  for (let n = from; n < to; n++) {
    const w = W + ((n * count * lanes) << 2);
    for (let m = 0; m < M; m++) {
      const at = m * room;
      lanes8(steps + (m << 1), 1, columns + (at << 1), values + (at << 2), w, Y + ((m * ldY + n * lanes) << 2), true);
    }
  }
}
