// Transposition, which turns rows of X into lanes side by side and lanes of a product back into rows of Y.

// source [rows][≥ columns] → target [columns][≥ rows], ld… bytes from row to row of each; `pass` columns (a multiple of
// four) are finished at a time, so that the cache lines of either side are still there when they are met again.
export function transpose(
  source: usize,
  ldSource: usize,
  target: usize,
  ldTarget: usize,
  rows: i32,
  columns: i32,
  pass: i32,
): void {
  for (let begin = 0; begin < columns; begin += pass) {
    const end = min(columns, begin + pass);
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      const from = source + r * ldSource;
      const to = target + (r << 2);
      let c = begin;
      for (; c + 4 <= end; c += 4) transpose4(from + (c << 2), ldSource, to + c * ldTarget, ldTarget);
      for (; c < end; c++) {
        for (let i = 0; i < 4; i++) store<f32>(to + c * ldTarget + (i << 2), load<f32>(from + i * ldSource + (c << 2)));
      }
    }
    for (; r < rows; r++) {
      for (let c = begin; c < end; c++) {
        store<f32>(target + c * ldTarget + (r << 2), load<f32>(source + r * ldSource + (c << 2)));
      }
    }
  }
}

// source [4][4] → target [4][4]
function transpose4(source: usize, ldSource: usize, target: usize, ldTarget: usize): void {
  const a = v128.load(source);
  const b = v128.load(source + ldSource);
  const c = v128.load(source + 2 * ldSource);
  const d = v128.load(source + 3 * ldSource);
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(target, v128.shuffle<f64>(ab01, cd01, 0, 2));
  v128.store(target + ldTarget, v128.shuffle<f64>(ab01, cd01, 1, 3));
  v128.store(target + 2 * ldTarget, v128.shuffle<f64>(ab23, cd23, 0, 2));
  v128.store(target + 3 * ldTarget, v128.shuffle<f64>(ab23, cd23, 1, 3));
}

// X [M,K] → panels [ceil(M/lanes)][panelK][lanes], the last as wide as its rows rounded up to `unit`; missing lanes and
// columns keep what they hold. Columns in blocks of 16, blocks from … to
export function packLanes(
  from: i32,
  to: i32,
  X: usize,
  panels: usize,
  M: i32,
  K: i32,
  panelK: i32,
  lanes: i32,
  unit: i32,
): void {
  const k = from * 16;
  const columns = min(K, to * 16) - k;
  for (let m = 0; m < M; m += lanes) {
    const rows = min(lanes, M - m);
    const width = (rows + unit - 1) / unit * unit;
    const panel = panels + ((m * panelK + k * width) << 2);
    transpose(X + ((m * K + k) << 2), K << 2, panel, width << 2, rows, columns, 16);
  }
}
