// Grid weights in panels of NR rows, [N/NR][blocks of 32 along K][words]: as tiles.gen.ts and float-tiles.gen.ts read them. Scales
// lie as they are stored and become f32 a panel at a time, in scratch of each thread: work is shared out by thread, `from` being
// the thread's index.
import { expandScales, expandTrits, floatRow, integerRow, integerRows, multiplyTile, unpackBlock } from './tiles';
import { MR } from '../dense/blocks';
import { share } from '../dense/row-panels.as';
import { KC, MC } from './blocks';

export { packX } from '../dense/row-panels.as';
export { hadamardBlocks } from '../transforms/hadamard.as';
export { addThin, thinRows } from './low-rank.as';
export { roundRows, scaleRows, splitBytes, splitFloats, splitPairs, splitSigns } from './split-x.as';

// Where the parts of the weights lie and how they are to be read, as wasm-weights.ts writes it.
@unmanaged
class Plan {
  variant: i32;
  /** NR rows. */
  panelBytes: i32;
  /** 32 codes of NR rows. */
  blockBytes: i32;
  groups: i32;
  /** Blocks in a group; 0 where two groups share a block. */
  blocks: i32;
  zero: i32;
  table: usize;
  W: usize;
  /** See scale-tiles.gen.ts. */
  scales: usize;
  mins: usize;
  /** Scratch a thread: scales and mins [groups][NR] f32 each, weights [KC][NR] f32, then a panel of codes where they are five to a byte. */
  scratch: usize;
  scratchBytes: i32;
  /** Where X has a scale for every block, those of weights stand for each block of their group. */
  repeat: i32;
  /** Where codes lie five to a byte: rounds of them in a panel, else 0. */
  tritRounds: i32;
  tritBytes: i32;
}

// Address of a panel's codes as the tiles read them.
@inline
function codesOf(p: Plan, panel: i32, scratch: usize): usize {
  if (p.tritRounds == 0) return p.W + panel * p.panelBytes;
  expandTrits(p.W + panel * p.tritBytes, p.tritRounds, scratch);
  return scratch;
}

// Digits and units as split-x.as.ts leaves them → y [panels·NR]
export function gemv(from: i32, to: i32, threads: i32, panels: i32, plan: usize, isInteger: i32, x: usize, units: usize, y: usize, NR: i32): void {
  const p = changetype<Plan>(plan);
  const scales = p.scratch + from * p.scratchBytes;
  const mins = p.mins == 0 ? 0 : scales + (((p.groups * p.repeat + 1) & ~1) * NR << 2);
  const end = share(panels, to, threads);
  const groups = p.groups * p.repeat;
  const blocks = p.blocks / p.repeat;
  let n = share(panels, from, threads);
  if (isInteger) {
    const scales2 = scales + p.scratchBytes / 2;
    const mins2 = mins == 0 ? 0 : mins + p.scratchBytes / 2;
    for (; n + 2 <= end; n += 2) {
      const w = prepare(p, n, scales, mins, NR);
      const w2 = prepare(p, n + 1, scales2, mins2, NR);
      const out = y + ((n * NR) << 2);
      integerRows(p.variant, x, units, w, scales, mins, groups, blocks, p.table, out, w2, scales2, mins2);
    }
  }
  for (; n < end; n++) {
    const w = prepare(p, n, scales, mins, NR);
    const out = y + ((n * NR) << 2);
    if (isInteger) integerRow(p.variant, x, units, w, scales, mins, groups, blocks, p.table, out);
    else floatRow(p.variant, x, units, w, scales, mins, groups, blocks, p.table, out);
  }
}

// Scales [groups][NR] → [groups][repeat][NR] in place, the last ones first.
function repeatScales(scales: usize, groups: i32, repeat: i32, NR: i32): void {
  const bytes = NR << 2;
  for (let g = groups * repeat - 1; g > 0; g--) {
    memory.copy(scales + g * bytes, scales + (g / repeat) * bytes, bytes);
  }
}

// Makes f32 of the scales of a panel; returns where its codes lie.
function prepare(p: Plan, panel: i32, scales: usize, mins: usize, NR: i32): usize {
  expandScales(p.scales, panel, p.groups, scales);
  if (mins != 0) expandScales(p.mins, panel, p.groups, mins);
  if (p.repeat > 1) {
    repeatScales(scales, p.groups, p.repeat, NR);
    if (mins != 0) repeatScales(mins, p.groups, p.repeat, NR);
  }
  return codesOf(p, panel, scales + p.scratchBytes / 2 - p.tritRounds * 20 * NR);
}

// X in f32 panels → Y [M, ldY]
export function gemm(from: i32, to: i32, threads: i32, panels: i32, plan: usize, X: usize, Y: usize, M: i32, ldY: i32, K: i32, NR: i32): void {
  const p = changetype<Plan>(plan);
  const scales = p.scratch + from * p.scratchBytes;
  const mins = p.mins == 0 ? 0 : scales + ((p.groups + (p.groups & 1)) * NR << 2);
  const weights = scales + ((p.mins == 0 ? 1 : 2) * (p.groups + (p.groups & 1)) * NR << 2);
  const end = share(panels, to, threads);
  for (let block = 0; block < M; block += MC) {
    const last = min(M, block + MC);
    for (let n = share(panels, from, threads); n < end; n++) {
      expandScales(p.scales, n, p.groups, scales);
      if (mins != 0) expandScales(p.mins, n, p.groups, mins);
      const codes = codesOf(p, n, scales + p.scratchBytes - p.tritRounds * 20 * NR);
      for (let k = 0; k < K; k += KC) {
        const kc = min(KC, K - k);
        for (let i = 0; i < kc; i += 32) {
          const b = (k + i) >> 5;
          const group = p.blocks == 0 ? b << 1 : b / p.blocks;
          const at = (group * NR) << 2;
          unpackBlock(p.variant, codes + b * p.blockBytes, scales + at, mins == 0 ? 0 : mins + at, p.zero, p.table, weights + ((i * NR) << 2));
        }
        for (let m = block; m < last; m += MR) {
          const rows = min(MR, M - m);
          multiplyTile(rows, X + ((m * K + k * rows) << 2), weights, kc, Y + ((m * ldY + n * NR) << 2), ldY << 2, k == 0);
        }
      }
    }
  }
}
