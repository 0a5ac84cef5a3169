// Activations as the tiles read them: panels of six rows, the values of one k side by side.
import { MR } from './blocks';

/** First of `count` items that belong to a thread. */
@inline
export function share(count: i32, thread: i32, threads: i32): i32 {
  return <i32>((<i64>count * thread) / threads);
}

// X [M,K] → panels [ceil(M/6)][K][rows of the panel], panels from … to
export function packX(from: i32, to: i32, X: usize, panels: usize, M: i32, K: i32): void {
  for (let p = from; p < to; p++) {
    const rows = min(MR, M - p * MR);
    const source = X + ((p * MR * K) << 2);
    const target = panels + ((p * MR * K) << 2);
    const done = rows == MR ? packSix(source, target, K) : 0;
    packRows(source, target, K, rows, done);
  }
}

// Four k of six rows at a time, as a transpose in registers; returns how many k are done.
function packSix(source: usize, target: usize, K: i32): i32 {
  const row = K << 2;
  const end = K & ~3;
  for (let k = 0; k < end; k += 4) {
    const a = v128.load(source);
    const b = v128.load(source + row);
    const c = v128.load(source + 2 * row);
    const d = v128.load(source + 3 * row);
    const e = v128.load(source + 4 * row);
    const f = v128.load(source + 5 * row);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ef = v128.shuffle<f32>(e, f, 0, 4, 1, 5);
    v128.store(target, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(target, v128.shuffle<f32>(ef, ab, 0, 1, 6, 7), 16);
    v128.store(target, v128.shuffle<f32>(cd, ef, 2, 3, 6, 7), 32);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const ef2 = v128.shuffle<f32>(e, f, 2, 6, 3, 7);
    v128.store(target, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), 48);
    v128.store(target, v128.shuffle<f32>(ef2, ab2, 0, 1, 6, 7), 64);
    v128.store(target, v128.shuffle<f32>(cd2, ef2, 2, 3, 6, 7), 80);
    source += 16;
    target += 96;
  }
  return end;
}

function packRows(source: usize, target: usize, K: i32, rows: i32, from: i32): void {
  target += (from * rows) << 2;
  for (let k = from; k < K; k++) {
    for (let r = 0; r < rows; r++) {
      store<f32>(target, load<f32>(source + ((r * K + k) << 2)));
      target += 4;
    }
  }
}
