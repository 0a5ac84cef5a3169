// Grid weights in WebAssembly's memory.
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import { paddedRows } from '../panels.ts';
import { BYTE_KC, KC } from './blocks.ts';
import type { GridContext } from './context.ts';
import { bytesOf, type GridLayout, groupsOf, readChoice, type ScaleLayout } from './layout.ts';
import { TRIT_ROUND, tritByte } from './trit-tiles.gen.ts';
import { BLOCK } from './variants.ts';
import type { Reading } from './wasm-reading.ts';

const PLAN_WORDS = 19;
const SCALES_WORDS = 10;

/** Scales are read in rounds of so many bytes. */
const ROUND_BYTES = 32;
/** And become f32 in rounds of so many groups at most. */
const SCALES_ROUND = 16;

/** What a group's code becomes, as in scale-tiles.gen.ts. */
const CODE = { none: 0, power: 1, e4m3: 2, signed: 3, sixBits: 4, table: 5 };

export interface PlacedWeights {
  /** Address of what wasm.as.ts calls a plan. */
  readonly plan: number;
  /** K rounded up to whole groups, and those to whole blocks. */
  readonly blockedK: number;
  /** Values of a row of X that share a unit. */
  readonly splitWidth: number;
  /** Beside what is stored. */
  readonly scratchBytes: number;
}

/** What weights are multiplied with: one row of X, or several as bytes or as f32. */
export type Form = 'row' | 'bytes' | 'floats';

export function placeWeights(
  runtimeModule: WasmModule,
  context: GridContext<Wasm>,
  reading: Reading,
  form: Form,
): PlacedWeights {
  const { module, allocated } = counting(runtimeModule);
  const { packed, grid, problem, runtime } = context;
  const { layout } = grid;
  const { N, K } = problem;
  const { NR, threads } = runtime;
  const choice = readChoice(packed, layout, problem);
  const ldY = paddedRows(N, NR);
  const isBy16 = reading.variant.block === 16;
  const groupWidth = Math.min(paddedRows(layout.group, BLOCK), paddedRows(K, BLOCK));
  const blocksInGroup = isBy16 ? 0 : groupWidth / BLOCK;
  const blockedK = isBy16 ? paddedRows(K, BLOCK) : groupsOf(layout, K) * groupWidth;
  const groups = isBy16 ? blockedK / 16 : groupsOf(layout, K);
  const blockBytes = (layout.bits === 1.6 ? 2 : layout.bits) * 4 * NR;
  const panelBytes = (blockedK / BLOCK) * blockBytes;
  const trits = layout.bits === 1.6 ? tritShape(blockedK, NR) : undefined;
  const ownBytes = (ldY / NR) * (trits?.panelBytes ?? panelBytes);
  const W = module.allocate(ownBytes);
  const codeShape = { N, K, NR, panelBytes, blockBytes };
  if (trits === undefined) fillCodes(choice.codes, reading, layout, codeShape, module.u8(W, ownBytes));
  else fillTrits(choice.codes, { ...codeShape, panelBytes: trits.panelBytes }, module.u8(W, ownBytes));
  const table = reading.table === undefined ? 0 : module.allocate(reading.table.length);
  if (reading.table !== undefined) module.u8(table, reading.table.length).set(reading.table);
  const shape = { N, K, NR, groups, ownGroups: groupsOf(layout, K) };
  const scales = placeScales(
    module,
    layout.scale,
    choice.scales,
    choice.scaleCodes,
    choice.scaleOffset,
    reading.unit,
    shape,
  );
  const mins =
    layout.min === undefined ? 0 : placeScales(module, layout.min, choice.mins, choice.minCodes, undefined, 1, shape);
  const isRepeated = context.activations === 'int8-32' && form !== 'floats' && reading.variant.arithmetic !== 'floats';
  const repeat = isRepeated ? Math.max(1, blocksInGroup) : 1;
  const splitWidth = isBy16 ? 16 : reading.variant.arithmetic === 'floats' ? BLOCK : groupWidth / repeat;
  const partWidth = splitWidth * Math.ceil(Math.min(BYTE_KC, blockedK) / splitWidth);
  // What a thread has of its own, see wasm.as.ts.
  const minsAt = 4 * NR * paddedRows(groups * repeat, SCALES_ROUND);
  const weightsAt = minsAt * (mins === 0 ? 1 : 2);
  const codesAt = weightsAt + NR * { row: 0, bytes: partWidth, floats: 4 * KC }[form];
  const tritRounds = trits?.rounds ?? 0;
  const scratchBytes = codesAt + tritRounds * 20 * NR;
  const scratch = module.allocate(threads * scratchBytes);
  const plan = module.allocate(4 * PLAN_WORDS);
  module
    .i32(plan, PLAN_WORDS)
    .set([
      reading.index,
      reading.inWords,
      trits?.panelBytes ?? panelBytes,
      blockBytes,
      groups,
      blocksInGroup,
      reading.zero,
      table,
      W,
      scales,
      mins,
      scratch,
      scratchBytes,
      minsAt,
      weightsAt,
      codesAt,
      repeat,
      tritRounds,
      partWidth / splitWidth,
    ]);
  // What padding and tables take beside what is stored is scratch too.
  return { plan, blockedK, splitWidth, scratchBytes: allocated() - bytesOf(packed) };
}

/** The module, and how many bytes it was asked for by way of it. */
function counting(module: WasmModule) {
  let bytes = 0;
  const allocate = (byteLength: number) => {
    bytes += byteLength;
    return module.allocate(byteLength);
  };
  return { module: { ...module, allocate }, allocated: () => bytes };
}

interface CodeShape {
  readonly N: number;
  readonly K: number;
  readonly NR: number;
  readonly panelBytes: number;
  readonly blockBytes: number;
}

/** Codes [N,K] → [N/NR][K/32][words of each plane][NR][4 bytes]; what is padded reads as whatever zeros read as. */
function fillCodes(
  codes: Uint8Array | Uint16Array,
  { variant, shift }: Reading,
  { bits }: GridLayout,
  { N, K, NR, panelBytes, blockBytes }: CodeShape,
  into: Uint8Array,
): void {
  const isFloats = variant.arithmetic === 'floats';
  const pieces = isFloats ? [] : planePieces(variant.planes, NR);
  for (let n = 0; n < N; n++) {
    const lane = n % NR;
    const panel = ((n - lane) / NR) * panelBytes;
    if (isFloats) {
      for (let k = 0; k < K; k++) {
        const start = panel + (k >> 5) * blockBytes;
        const code = codes[n * K + k];
        const at = (k & 31) * NR + lane;
        if (bits === 16) {
          into[start + 2 * at] = code & 255;
          into[start + 2 * at + 1] = code >> 8;
        } else if (bits === 8) into[start + at] = code;
        else into[start + (at >> 5) * 16 + (at & 15)] |= code << ((at & 16) >> 2);
      }
      continue;
    }
    for (const { below, mask, offsets, shifts } of pieces) {
      for (let k = 0; k < K; k++) {
        const i = k & 31;
        const at = panel + (k >> 5) * blockBytes + offsets[i] + 4 * lane;
        into[at] |= ((((codes[n * K + k] + shift) & 255) >> below) & mask) << shifts[i];
      }
    }
  }
}

/** Where the bits of each plane of 32 codes of a lane go: which of the code's they are, the byte of lane 0, the bit in it. */
function planePieces(planes: readonly number[], NR: number) {
  let below = 0;
  return planes.map((plane) => {
    const quads = 8 / plane;
    const offsets = new Int32Array(BLOCK);
    const shifts = new Int32Array(BLOCK);
    for (let i = 0; i < BLOCK; i++) {
      const q = i >> 2;
      offsets[i] = 4 * NR * (below + Math.floor(q / quads)) + (i & 3);
      shifts[i] = (q % quads) * plane;
    }
    const piece = { below, mask: 2 ** plane - 1, offsets, shifts };
    below += plane;
    return piece;
  });
}

/** Codes five to a byte: four words of each row hold twenty quads. */
function tritShape(blockedK: number, NR: number): { readonly rounds: number; readonly panelBytes: number } {
  const rounds = Math.ceil(blockedK / (4 * TRIT_ROUND));
  return { rounds, panelBytes: rounds * 4 * 4 * NR };
}

/** Codes [N,K] → [N/NR][rounds][4 words][NR][4 bytes of five codes]. */
function fillTrits(codes: Uint8Array | Uint16Array, { N, K, NR, panelBytes }: CodeShape, into: Uint8Array): void {
  const words = panelBytes / (4 * NR);
  into.fill(tritByte([0, 0, 0, 0, 0]));
  for (let n = 0; n < N; n++) {
    const lane = n % NR;
    const panel = ((n - lane) / NR) * panelBytes;
    for (let word = 0; word < words; word++) {
      for (let i = 0; i < 4; i++) {
        const five = [0, 1, 2, 3, 4].map((digit) => {
          const k = (word * 5 + digit) * 4 + i;
          return k < K ? codes[n * K + k] : 0;
        });
        into[panel + (word * NR + lane) * 4 + i] = tritByte(five);
      }
    }
  }
}

interface ScaleShape {
  readonly N: number;
  readonly K: number;
  readonly NR: number;
  /** Groups as the tiles count them, and as the layout does. */
  readonly groups: number;
  readonly ownGroups: number;
}

/** Writes what scale-tiles.gen.ts calls Scales, and what it points to; returns its address. */
function placeScales(
  module: WasmModule,
  layout: ScaleLayout | undefined,
  numbers: Float16Array | Float32Array | undefined,
  codes: Uint8Array | undefined,
  offset: Float32Array | undefined,
  unit: number,
  shape: ScaleShape,
): number {
  const { groups, ownGroups, NR, N } = shape;
  const code = codeOf(layout);
  const at = module.allocate(4 * SCALES_WORDS);
  const words = module.i32(at, SCALES_WORDS);
  const shared = layout?.shared;
  const isHalf = shared?.type === 'f16';
  // Several rows may share a number, or a run of groups that no row is a multiple of.
  const every = shared === undefined ? groups : gcd(shared.every, ownGroups);
  const perRow = Math.ceil(groups / every);
  const panels = paddedRows(N, NR) / NR;
  const valueAt = (n: number, run: number) => {
    const own = Math.min(ownGroups - 1, run * every);
    return numbers![Math.floor((n * ownGroups + own) / shared!.every)];
  };
  let address = 0;
  if (shared !== undefined) {
    const length = panels * perRow * NR;
    address = module.allocate((isHalf ? 2 : 4) * length + ROUND_BYTES);
    const values = isHalf ? new Float16Array(length) : new Float32Array(length);
    for (let n = 0; n < N; n++) {
      for (let run = 0; run < perRow; run++)
        values[(Math.floor(n / NR) * perRow + run) * NR + (n % NR)] = valueAt(n, run);
    }
    module.u8(address, values.byteLength).set(new Uint8Array(values.buffer));
  }
  const numberBytes = shared === undefined ? 0 : perRow * NR * (isHalf ? 2 : 4);
  const { codesAt, panelBytes, table } = placeScaleCodes(module, layout, code, codes, shape);
  words.set([code, codesAt, panelBytes, table, shared === undefined ? 0 : isHalf ? 1 : 2, address, numberBytes, every]);
  module.f32(at + 32, 2).set([unit, (offset?.[0] ?? 0) * unit]);
  return at;
}

function placeScaleCodes(
  module: WasmModule,
  layout: ScaleLayout | undefined,
  code: number,
  codes: Uint8Array | undefined,
  { groups, ownGroups, NR, N }: ScaleShape,
): { readonly codesAt: number; readonly panelBytes: number; readonly table: number } {
  const values = layout?.coded?.values;
  if (codes === undefined || values === undefined) return { codesAt: 0, panelBytes: 0, table: 0 };
  const panels = paddedRows(N, NR) / NR;
  const panelBytes = code === CODE.sixBits ? Math.ceil(groups / SCALES_ROUND) * NR * 12 : groups * NR;
  const codesAt = module.allocate(panels * panelBytes + ROUND_BYTES);
  const bytes = module.u8(codesAt, panels * panelBytes);
  for (let n = 0; n < N; n++) {
    const panel = Math.floor(n / NR) * panelBytes;
    const lane = n % NR;
    for (let g = 0; g < ownGroups; g++) {
      const own = codes[n * ownGroups + g];
      if (code === CODE.sixBits) {
        const start = panel + Math.floor(g / SCALES_ROUND) * NR * 12 + lane * 4 + (g & 3);
        const half = (g >> 3) & 1;
        const word = start + half * NR * 4;
        if ((g & 4) === 0) bytes[word] |= own;
        else {
          bytes[word] |= (own >> 4) << 6;
          bytes[start + 2 * NR * 4] |= (own & 15) << (4 * half);
        }
      } else bytes[panel + g * NR + lane] = own;
    }
  }
  let table = 0;
  if (code === CODE.table) {
    table = module.allocate(4 * 256);
    module.f32(table, values.length).set(values);
  }
  return { codesAt, panelBytes, table };
}

/** How scale-tiles.gen.ts decodes a group's code. */
function codeOf(layout: ScaleLayout | undefined): number {
  const coded = layout?.coded;
  if (coded === undefined) return CODE.none;
  const { bits, values } = coded;
  if (bits === 6) return CODE.sixBits;
  if (values[127] === 1 && values[128] === 2) return CODE.power;
  if (values[1] === 2 ** -9 && values[0x38] === 1) return CODE.e4m3;
  return values.every((value, i) => value === (i << 24) >> 24) ? CODE.signed : CODE.table;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
