// A mixture of experts: rows are put side by side for each expert, whose two products they go through together, and what comes out is
// added up by the shares that the router gives. `from` and `to` are a thread's share.
import { gemm, gemv } from '../dense/wasm.as';
import { packX, share } from '../dense/row-panels.as';
import { MC, MR } from '../dense/blocks';
import { gemmRelu, gemvRelu } from '../mlp/wasm.as';
import { exp } from '../training/exp.as';
import { groupChoices, mixExperts } from '../training/experts.as';

export { gemm, gemv, packX };

// scores [to][ld], of which E count, and `best` experts of the highest scores, the first of equal ones first → of each row's choices
// [to][per] the expert, chosen, and its share of the output, shares. Where choices are of all experts, those that are not among the best
// have none.
export function choose(from: i32, to: i32, scores: usize, ld: i32, E: i32, best: i32, per: i32, chosen: usize, shares: usize): void {
  for (let m = from; m < to; m++) {
    const row = scores + ((m * ld) << 2);
    const picked = chosen + ((m * per) << 2);
    const parts = shares + ((m * per) << 2);
    const isAll = per == E;
    if (isAll) {
      for (let e = 0; e < E; e++) {
        store<i32>(picked + (e << 2), e);
        store<f32>(parts + (e << 2), 0);
      }
    }
    let before: f32 = f32.MAX_VALUE;
    let last = -1;
    let highest: f32 = 0;
    let total: f32 = 0;
    for (let i = 0; i < best; i++) {
      let found = -1;
      let score: f32 = 0;
      for (let e = 0; e < E; e++) {
        const s = load<f32>(row + (e << 2));
        const comesAfter = s < before || (s == before && e > last);
        if (comesAfter && (found < 0 || s > score)) {
          found = e;
          score = s;
        }
      }
      if (i == 0) highest = score;
      const power = f32x4.extract_lane(exp(f32x4.splat(score - highest)), 0);
      const choice = isAll ? found : i;
      store<i32>(picked + (choice << 2), found);
      store<f32>(parts + (choice << 2), power);
      total += power;
      before = score;
      last = found;
    }
    for (let i = 0; i < per; i++) store<f32>(parts + (i << 2), load<f32>(parts + (i << 2)) / total);
  }
}

// chosen [M·per] → choices [M·per], their numbers, expert after expert, and ends [E]
export function group(from: i32, to: i32, chosen: usize, choices: usize, ends: usize, count: i32, E: i32): void {
  groupChoices(chosen, choices, ends, count, E);
}

@inline
function startOf(ends: usize, e: i32): i32 {
  return e == 0 ? 0 : load<i32>(ends + ((e - 1) << 2));
}

// X [M,K] → for each expert its rows as packX would leave them, [choices][K] in all; `from` and `to` are threads, which share K
export function gather(
  from: i32, to: i32, threads: i32, X: usize, choices: usize, per: i32, ends: usize, E: i32, panels: usize, K: i32,
): void {
  const first = share(K, from, threads);
  const last = share(K, to, threads);
  for (let e = 0; e < E; e++) {
    const end = load<i32>(ends + (e << 2));
    for (let i = startOf(ends, e); i < end; i += MR) {
      const rows = min(MR, end - i);
      for (let r = 0; r < rows; r++) {
        const x = X + (((load<i32>(choices + ((i + r) << 2)) / per) * K) << 2);
        let target = panels + ((i * K + first * rows + r) << 2);
        for (let k = first; k < last; k++) {
          store<f32>(target, load<f32>(x + (k << 2)));
          target += rows << 2;
        }
      }
    }
  }
}

// For each expert its rows of X in panels, which are all experts' where `isShared`, W1 [E][panels][K][NR], b1 [E][panels·NR] →
// hidden [choices][panels·NR] = relu(X·W1 + b1) in panels; `from` and `to` are threads; sums [threads][MC][NR] is scratch
export function multiplyFirst(
  from: i32, to: i32, threads: i32, ends: usize, E: i32, panels: i32, X: usize, isShared: i32, W1: usize, b1: usize,
  hidden: usize, sums: usize, K: i32, NR: i32,
): void {
  const width = panels * NR;
  for (let e = 0; e < E; e++) {
    const start = startOf(ends, e);
    const rows = load<i32>(ends + (e << 2)) - start;
    const x = isShared ? X : X + ((start * K) << 2);
    const w = W1 + ((e * width * K) << 2);
    const bias = b1 + ((e * width) << 2);
    const h = hidden + ((start * width) << 2);
    if (rows == 1) gemvRelu(share(panels, from, threads), share(panels, to, threads), x, w, bias, h, K, NR);
    else {
      for (let m = 0; m < rows; m += MC) {
        const some = min(MC, rows - m);
        gemmRelu(from, to, threads, panels, x + ((m * K) << 2), w, bias, h + ((m * width) << 2), sums, some, K, NR);
      }
    }
  }
}

// For each expert its rows of hidden [choices][width] in panels, W2 [E][panels][width][NR] → Y [choices][panels·NR]
export function multiplySecond(
  from: i32, to: i32, threads: i32, ends: usize, E: i32, panels: i32, hidden: usize, W2: usize, Y: usize, width: i32, NR: i32,
): void {
  const ldY = panels * NR;
  const first = share(panels, from, threads);
  const last = share(panels, to, threads);
  for (let e = 0; e < E; e++) {
    const start = startOf(ends, e);
    const rows = load<i32>(ends + (e << 2)) - start;
    const h = hidden + ((start * width) << 2);
    const w = W2 + ((e * ldY * width) << 2);
    const y = Y + ((start * ldY) << 2);
    if (rows == 1) gemv(first, last, h, w, y, width, NR);
    else gemm(first, last, h, w, y, rows, ldY, width, NR);
  }
}

// outputs [choices][ldY] → Y [M][ldY], of each row those of its choices times their shares
export function mix(
  from: i32, to: i32, outputs: usize, choices: usize, shares: usize, Y: usize, M: i32, count: i32, ldY: i32, per: i32,
): void {
  memory.fill(Y, 0, (M * ldY) << 2);
  mixExperts(outputs, choices, shares, Y, count, ldY, per);
}
