// Grid weights in panels of NR rows, [N/NR][blocks of 32 along K][words]: as codes.gen.ts and float-tiles.gen.ts read them. Scales
// lie as they are stored and become f32 a panel at a time, in scratch of each thread: work is shared out by thread, `from` being
// the thread's index.
import { expandScales, expandTrits, floatRow, integerRow, multiplyBytes, multiplyTile, unpackBlock, unpackBytes } from './tiles';
import { MR } from '../dense/blocks';
import { share } from '../dense/row-panels.as';
import { KC, MC } from './blocks';

export { packX } from '../dense/row-panels.as';
export { probeDot } from '../int8/probe-dot.as';
export { hadamardBlocks } from '../transforms/hadamard.as';
export { addThin, thinRows } from './low-rank.as';
export { roundBytes, roundRows, scaleRows, splitBytes, splitFloats, splitPairs, splitSigns } from './split-x.as';

// Where the parts of the weights lie and how they are to be read, as wasm-weights.ts writes it.
@unmanaged
class Plan {
  variant: i32;
  /** See Reading. */
  inWords: i32;
  /** NR rows as they are stored. */
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
  /** Scratch a thread: scales [groups][NR] f32, mins alike, a part of a panel's weights, its codes where they are five to a byte. */
  scratch: usize;
  scratchBytes: i32;
  minsAt: i32;
  weightsAt: i32;
  codesAt: i32;
  /** Where X has a scale for every block, those of weights stand for each block of their group. */
  repeat: i32;
  /** Where codes lie five to a byte: rounds of them in a panel, else 0. */
  tritRounds: i32;
  /** Groups, as often as they are repeated, in a part of K whose codes become bytes. */
  groupsInPart: i32;
}

// Makes f32 of the scales of a panel, in scratch; returns where its codes lie as the tiles read them.
function prepare(p: Plan, panel: i32, scratch: usize, NR: i32): usize {
  expandScales(p.scales, panel, p.groups, scratch);
  if (p.mins != 0) expandScales(p.mins, panel, p.groups, scratch + p.minsAt);
  if (p.repeat > 1) {
    repeatScales(scratch, p.groups, p.repeat, NR);
    if (p.mins != 0) repeatScales(scratch + p.minsAt, p.groups, p.repeat, NR);
  }
  const codes = p.W + panel * p.panelBytes;
  if (p.tritRounds == 0) return codes;
  expandTrits(codes, p.tritRounds, scratch + p.codesAt);
  return scratch + p.codesAt;
}

// Scales [groups][NR] → [groups][repeat][NR] in place, the last ones first.
function repeatScales(scales: usize, groups: i32, repeat: i32, NR: i32): void {
  const bytes = NR << 2;
  for (let g = groups - 1; g >= 0; g--) {
    for (let i = bytes - 16; i >= 0; i -= 16) {
      const four = v128.load(scales + g * bytes + i);
      for (let r = 0; r < repeat; r++) v128.store(scales + (g * repeat + r) * bytes + i, four);
    }
  }
}

// Digits and units as split-x.as.ts leaves them → y [panels·NR]
export function gemv(from: i32, to: i32, threads: i32, panels: i32, plan: usize, isInteger: i32, x: usize, units: usize, y: usize, NR: i32): void {
  const p = changetype<Plan>(plan);
  const scales = p.scratch + from * p.scratchBytes;
  const mins = p.mins == 0 ? 0 : scales + p.minsAt;
  const groups = p.groups * p.repeat;
  const blocks = p.blocks / p.repeat;
  const end = share(panels, to, threads);
  for (let n = share(panels, from, threads); n < end; n++) {
    const w = prepare(p, n, scales, NR);
    const out = y + ((n * NR) << 2);
    if (isInteger) integerRow(p.variant, x, units, w, scales, mins, groups, blocks, p.table, out);
    else floatRow(p.variant, x, units, w, scales, mins, groups, blocks, p.table, out);
  }
}

// Bytes and units as roundBytes leaves them, groups of `width` → Y [M, ldY]
export function gemmBytes(from: i32, to: i32, threads: i32, panels: i32, plan: usize, X: usize, units: usize, width: i32, Y: usize, M: i32, ldY: i32, NR: i32): void {
  const p = changetype<Plan>(plan);
  const scales = p.scratch + from * p.scratchBytes;
  const groups = p.groups * p.repeat;
  const end = share(panels, to, threads);
  for (let block = 0; block < M; block += MC) {
    const last = min(M, block + MC);
    for (let n = share(panels, from, threads); n < end; n++) {
      const codes = prepare(p, n, scales, NR);
      for (let g = 0; g < groups; g += p.groupsInPart) {
        const count = min(p.groupsInPart, groups - g);
        const from32 = (g * width) >> 5;
        const w = unpackBytes(p.variant, codes + from32 * p.blockBytes, (count * width) >> 5, p.table, scales + p.weightsAt);
        const own = scales + ((g * NR) << 2);
        const mins = p.mins == 0 ? 0 : own + p.minsAt;
        for (let m = block; m < last; m += MR) {
          const rows = min(MR, M - m);
          const x = X + (m * groups + g * rows) * width;
          const unit = units + ((m * groups + g * rows) << 4);
          multiplyBytes(p.inWords, rows, x, unit, w, own, mins, count, width >> 2, Y + ((m * ldY + n * NR) << 2), ldY << 2, g == 0);
        }
      }
    }
  }
}

// X in f32 panels → Y [M, ldY]
export function gemm(from: i32, to: i32, threads: i32, panels: i32, plan: usize, X: usize, Y: usize, M: i32, ldY: i32, K: i32, NR: i32): void {
  const p = changetype<Plan>(plan);
  const scales = p.scratch + from * p.scratchBytes;
  const weights = scales + p.weightsAt;
  const end = share(panels, to, threads);
  for (let block = 0; block < M; block += MC) {
    const last = min(M, block + MC);
    for (let n = share(panels, from, threads); n < end; n++) {
      const codes = prepare(p, n, scales, NR);
      for (let k = 0; k < K; k += KC) {
        const kc = min(KC, K - k);
        for (let i = 0; i < kc; i += 32) {
          const b = (k + i) >> 5;
          const group = p.blocks == 0 ? b << 1 : b / p.blocks;
          const own = scales + ((group * NR) << 2);
          unpackBlock(p.variant, codes + b * p.blockBytes, own, p.mins == 0 ? 0 : own + p.minsAt, p.zero, p.table, weights + ((i * NR) << 2));
        }
        for (let m = block; m < last; m += MR) {
          const rows = min(MR, M - m);
          multiplyTile(rows, X + ((m * K + k * rows) << 2), weights, kc, Y + ((m * ldY + n * NR) << 2), ldY << 2, k == 0);
        }
      }
    }
  }
}
