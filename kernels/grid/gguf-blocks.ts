// GGUF's blocks: what a grid format's choice is as the bytes of a GGUF tensor, and back.
// Source: ggml-org/llama.cpp, ggml/src/ggml-common.h for what a block holds, ggml-quants.c for the order of its codes.
import { type GgufType, ggufTypes } from '../../bench/contract/gguf-type.ts';
import { fromTrits, toTrits } from './gguf-trits.ts';
import type { GridChoice, MatmulShape } from './layout.ts';

export type BlockType = Extract<
  GgufType,
  'Q8_0' | 'Q4_0' | 'Q4_1' | 'Q4_K' | 'Q5_K' | 'Q6_K' | 'IQ4_NL' | 'TQ2_0' | 'TQ1_0' | 'MXFP4'
>;
/** Types whose codes are the weights themselves too. */
export type GgufGrid = BlockType | Extract<GgufType, 'F16' | 'BF16'>;

interface BlockLayout {
  /** Where an f16 lies. */
  readonly scale?: number;
  /** Of what is taken off; `added` where it is stored as what is added. */
  readonly min?: number;
  readonly added?: true;
  /** So many scales of a byte each. */
  readonly scaleBytes?: { readonly at: number; readonly count: number };
  /** Twelve bytes for eight scales and eight minima of six bits each. */
  readonly sixBits?: number;
  readonly fields: readonly Field[] | 'trits';
  /** What is stored is the exclusive or of this and a code. */
  readonly flip?: number;
}

/** Some bits of each code: of as many codes as the stride in the lowest bits of as many bytes, then in the bits above. */
interface Field {
  readonly at: number;
  readonly stride: number;
  readonly bits: 1 | 2 | 4 | 8;
  /** How many bits of a code lie below. */
  readonly shift: number;
}

const layouts: { readonly [Type in BlockType]: BlockLayout } = {
  Q8_0: { scale: 0, fields: [{ at: 2, stride: 32, bits: 8, shift: 0 }], flip: 0x80 },
  Q4_0: { scale: 0, fields: [{ at: 2, stride: 16, bits: 4, shift: 0 }] },
  Q4_1: { scale: 0, min: 2, added: true, fields: [{ at: 4, stride: 16, bits: 4, shift: 0 }] },
  IQ4_NL: { scale: 0, fields: [{ at: 2, stride: 16, bits: 4, shift: 0 }] },
  MXFP4: {
    scaleBytes: { at: 0, count: 1 },
    fields: [{ at: 1, stride: 16, bits: 4, shift: 0 }],
  },
  Q4_K: {
    scale: 0,
    min: 2,
    sixBits: 4,
    fields: [{ at: 16, stride: 32, bits: 4, shift: 0 }],
  },
  Q5_K: {
    scale: 0,
    min: 2,
    sixBits: 4,
    fields: [
      { at: 48, stride: 32, bits: 4, shift: 0 },
      { at: 16, stride: 32, bits: 1, shift: 4 },
    ],
  },
  Q6_K: {
    scale: 208,
    scaleBytes: { at: 192, count: 16 },
    fields: [
      { at: 0, stride: 64, bits: 4, shift: 0 },
      { at: 128, stride: 32, bits: 2, shift: 4 },
    ],
  },
  TQ2_0: { scale: 64, fields: [{ at: 0, stride: 32, bits: 2, shift: 0 }] },
  TQ1_0: { scale: 52, fields: 'trits' },
};

function layoutOf(type: BlockType) {
  return { ...ggufTypes[type], ...layouts[type] };
}
type SizedLayout = ReturnType<typeof layoutOf>;

/** What a block holds of a choice; views of it. */
interface BlockParts {
  readonly codes: Uint8Array;
  readonly scaleCodes?: Uint8Array;
  readonly minCodes?: Uint8Array;
}

/** The bytes of a tensor [N,K]. */
export function toGgufTensor(type: GgufGrid, choice: GridChoice, shape: MatmulShape): Uint8Array {
  const { codes } = choice;
  if (type !== 'F16' && type !== 'BF16') return toGgufBlocks(type, choice, shape);
  return new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
}

/** The bytes of a tensor [N,K] of this type, block after block along K; K must be whole blocks. */
export function toGgufBlocks(type: BlockType, choice: GridChoice, { N, K }: MatmulShape): Uint8Array {
  const layout = layoutOf(type);
  const blocks = (N * K) / layout.weights;
  const bytes = new Uint8Array(blocks * layout.bytes);
  for (let b = 0; b < blocks; b++) {
    const block = bytes.subarray(b * layout.bytes, (b + 1) * layout.bytes);
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const { codes, scaleCodes, minCodes } = partsOf(choice, layout, b);
    if (layout.scale !== undefined) view.setFloat16(layout.scale, choice.scales![b], true);
    if (layout.min !== undefined) view.setFloat16(layout.min, layout.added ? -choice.mins![b] : choice.mins![b], true);
    if (layout.scaleBytes !== undefined) block.set(scaleCodes!, layout.scaleBytes.at);
    if (layout.sixBits !== undefined) writeSixBits(scaleCodes!, minCodes!, block.subarray(layout.sixBits));
    if (layout.fields === 'trits') toTrits(codes, block);
    else for (const field of layout.fields) writeField(codes, field, block, layout.flip);
  }
  return bytes;
}

/** The choice that such bytes are. */
export function fromGgufBlocks(type: BlockType, bytes: Uint8Array, { N, K }: MatmulShape): GridChoice {
  const layout = layoutOf(type);
  const blocks = (N * K) / layout.weights;
  const groups = codedScales(layout);
  const choice = {
    codes: new Uint8Array(N * K),
    scales: layout.scale === undefined ? undefined : new Float16Array(blocks),
    mins: layout.min === undefined ? undefined : new Float16Array(blocks),
    scaleCodes: groups === 0 ? undefined : new Uint8Array(blocks * groups),
    minCodes: layout.sixBits === undefined ? undefined : new Uint8Array(blocks * groups),
  } satisfies GridChoice;
  for (let b = 0; b < blocks; b++) {
    const block = bytes.subarray(b * layout.bytes, (b + 1) * layout.bytes);
    const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
    const { codes, scaleCodes, minCodes } = partsOf(choice, layout, b);
    if (layout.scale !== undefined) choice.scales![b] = view.getFloat16(layout.scale, true);
    if (layout.min !== undefined) choice.mins![b] = (layout.added ? -1 : 1) * view.getFloat16(layout.min, true);
    if (layout.scaleBytes !== undefined) scaleCodes!.set(block.subarray(layout.scaleBytes.at).subarray(0, groups));
    if (layout.sixBits !== undefined) readSixBits(block.subarray(layout.sixBits), scaleCodes!, minCodes!);
    if (layout.fields === 'trits') fromTrits(block, codes);
    else for (const field of layout.fields) readField(block, field, codes, layout.flip);
  }
  return choice;
}

/** How many scales of a block have a code. */
function codedScales({ sixBits, scaleBytes }: BlockLayout): number {
  return sixBits === undefined ? (scaleBytes?.count ?? 0) : 8;
}

function partsOf({ codes, scaleCodes, minCodes }: GridChoice, layout: SizedLayout, b: number): BlockParts {
  const { weights } = layout;
  const groups = codedScales(layout);
  return {
    codes: codes.subarray(b * weights, (b + 1) * weights) as Uint8Array,
    scaleCodes: scaleCodes?.subarray(b * groups, (b + 1) * groups),
    minCodes: minCodes?.subarray(b * groups, (b + 1) * groups),
  };
}

function writeField(codes: Uint8Array, field: Field, block: Uint8Array, flip = 0): void {
  const mask = 2 ** field.bits - 1;
  for (let i = 0; i < codes.length; i++) {
    const { byte, bit } = placeOf(i, field);
    block[byte] |= (((codes[i] ^ flip) >> field.shift) & mask) << bit;
  }
}

function readField(block: Uint8Array, field: Field, codes: Uint8Array, flip = 0): void {
  const mask = 2 ** field.bits - 1;
  for (let i = 0; i < codes.length; i++) {
    const { byte, bit } = placeOf(i, field);
    codes[i] |= ((block[byte] >> bit) & mask) << field.shift;
  }
  if (flip !== 0) for (let i = 0; i < codes.length; i++) codes[i] ^= flip;
}

function placeOf(i: number, { at, stride, bits }: Field): { byte: number; bit: number } {
  const run = Math.floor(i / stride);
  const runs = 8 / bits;
  return { byte: at + Math.floor(run / runs) * stride + (i % stride), bit: (run % runs) * bits };
}

/** The first four of each lie in the low six bits of a byte; of the others, the low four share a byte, the rest lies above. */
function writeSixBits(scales: Uint8Array, mins: Uint8Array, into: Uint8Array): void {
  for (let j = 0; j < 4; j++) {
    into[j] = scales[j] | ((scales[j + 4] >> 4) << 6);
    into[j + 4] = mins[j] | ((mins[j + 4] >> 4) << 6);
    into[j + 8] = (scales[j + 4] & 15) | ((mins[j + 4] & 15) << 4);
  }
}

function readSixBits(from: Uint8Array, scales: Uint8Array, mins: Uint8Array): void {
  for (let j = 0; j < 4; j++) {
    scales[j] = from[j] & 63;
    mins[j] = from[j + 4] & 63;
    scales[j + 4] = (from[j + 8] & 15) | ((from[j] >> 6) << 4);
    mins[j + 4] = (from[j + 8] >> 4) | ((from[j + 4] >> 6) << 4);
  }
}
