// What the blocks of GGUF's types stand for. Source: ggml-org/llama.cpp, ggml/src/ggml-common.h for what lies where in a block,
// ggml-quants.c, dequantize_row_*, for its meaning. A product of an f16, a scale and a code is exact in f32, so that storing
// is the only rounding, as it is in ggml.
import { type GgufType, ggufTypes } from '../../contract/gguf-type.ts';

interface Blocks {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** Writes the weights of the block that begins at byte `at`, the first of them at `to`. */
type Decode = (blocks: Blocks, at: number, out: Float32Array, to: number) => void;

/** Codes of four bits under one scale, the first sixteen in the low halves of bytes; a fifth bit of each lies apart. */
function ofGroup({ hasMin, hasFifthBit }: { hasMin: boolean; hasFifthBit: boolean }): Decode {
  const codesAt = 2 + (hasMin ? 2 : 0) + (hasFifthBit ? 4 : 0);
  const zero = hasMin ? 0 : hasFifthBit ? 16 : 8;
  return ({ bytes, view }, at, out, to) => {
    const scale = view.getFloat16(at, true);
    // Minus zero, so that adding it changes no sign of a zero.
    const min = hasMin ? view.getFloat16(at + 2, true) : -0;
    const fifths = hasFifthBit ? view.getUint32(at + codesAt - 4, true) : 0;
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + codesAt + i];
      out[to + i] = scale * (((pair & 15) | (((fifths >>> i) & 1) << 4)) - zero) + min;
      out[to + 16 + i] = scale * (((pair >> 4) | (((fifths >>> (16 + i)) & 1) << 4)) - zero) + min;
    }
  };
}

/** Eight groups of 32, each with a scale and a minimum of six bits. */
function ofSuperBlock(bits: 4 | 5): Decode {
  const codesAt = bits === 4 ? 16 : 48;
  return ({ bytes, view }, at, out, to) => {
    const scale = view.getFloat16(at, true);
    const min = view.getFloat16(at + 2, true);
    for (let j = 0; j < 8; j++) {
      const [d, m] = sixBits(bytes, at + 4, j);
      const codes = at + codesAt + 32 * (j >> 1);
      for (let i = 0; i < 32; i++) {
        const fifth = bits === 5 ? ((bytes[at + 16 + i] >> j) & 1) << 4 : 0;
        const code = ((bytes[codes + i] >> (4 * (j & 1))) & 15) | fifth;
        out[to + 32 * j + i] = scale * d * code - min * m;
      }
    }
  };
}

/** Scale and minimum of a group: of the last four, the two high bits lie above those of the first four. */
function sixBits(bytes: Uint8Array, at: number, j: number): [scale: number, min: number] {
  if (j < 4) return [bytes[at + j] & 63, bytes[at + 4 + j] & 63];
  const low = bytes[at + 4 + j];
  return [(low & 15) | ((bytes[at + j - 4] >> 6) << 4), (low >> 4) | ((bytes[at + j] >> 6) << 4)];
}

/** Sixteen groups of 16. Weight 128·h + 32·j + l has its low bits in byte 32·h + l of `lowAt`, at bit 2·j. */
function ofSixteens(decodeWeight: (blocks: Blocks, at: number) => (h: number, j: number, l: number) => number): Decode {
  return (blocks, at, out, to) => {
    const weight = decodeWeight(blocks, at);
    for (let h = 0; h < 2; h++) {
      for (let j = 0; j < 4; j++) {
        for (let l = 0; l < 32; l++) out[to + 128 * h + 32 * j + l] = weight(h, j, l);
      }
    }
  };
}

const q2K = ofSixteens(({ bytes, view }, at) => {
  const scale = view.getFloat16(at + 80, true);
  const min = view.getFloat16(at + 82, true);
  return (h, j, l) => {
    const scales = bytes[at + 8 * h + 2 * j + (l >> 4)];
    const code = (bytes[at + 16 + 32 * h + l] >> (2 * j)) & 3;
    return scale * (scales & 15) * code - min * (scales >> 4);
  };
});

const q3K = ofSixteens(({ bytes, view }, at) => {
  const scale = view.getFloat16(at + 108, true);
  const scaleOf = (group: number) => {
    const low = (bytes[at + 96 + (group & 7)] >> (group < 8 ? 0 : 4)) & 15;
    return (low | (((bytes[at + 104 + (group & 3)] >> (2 * (group >> 2))) & 3) << 4)) - 32;
  };
  return (h, j, l) => {
    const code = ((bytes[at + 32 + 32 * h + l] >> (2 * j)) & 3) | (((bytes[at + l] >> (4 * h + j)) & 1) << 2);
    return scale * scaleOf(8 * h + 2 * j + (l >> 4)) * (code - 4);
  };
});

const q6K = ofSixteens(({ bytes, view }, at) => {
  const scale = view.getFloat16(at + 208, true);
  return (h, j, l) => {
    const low = (bytes[at + 64 * h + 32 * (j & 1) + l] >> (4 * (j >> 1))) & 15;
    const high = (bytes[at + 128 + 32 * h + l] >> (2 * j)) & 3;
    return scale * view.getInt8(at + 192 + 8 * h + 2 * j + (l >> 4)) * ((low | (high << 4)) - 32);
  };
});

const q8Zero: Decode = ({ view }, at, out, to) => {
  const scale = view.getFloat16(at, true);
  for (let i = 0; i < 32; i++) out[to + i] = scale * view.getInt8(at + 2 + i);
};

const IQ4_NL_LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
const iq4Nl: Decode = ({ bytes, view }, at, out, to) => {
  const scale = view.getFloat16(at, true);
  for (let i = 0; i < 32; i++) {
    out[to + i] = scale * IQ4_NL_LEVELS[(bytes[at + 2 + (i & 15)] >> (i < 16 ? 0 : 4)) & 15];
  }
};

const decoders = {
  Q4_0: ofGroup({ hasMin: false, hasFifthBit: false }),
  Q4_1: ofGroup({ hasMin: true, hasFifthBit: false }),
  Q5_0: ofGroup({ hasMin: false, hasFifthBit: true }),
  Q5_1: ofGroup({ hasMin: true, hasFifthBit: true }),
  Q8_0: q8Zero,
  Q2_K: q2K,
  Q3_K: q3K,
  Q4_K: ofSuperBlock(4),
  Q5_K: ofSuperBlock(5),
  Q6_K: q6K,
  IQ4_NL: iq4Nl,
} as const satisfies { readonly [Type in GgufType]?: Decode };

export type BlockType = keyof typeof decoders;
export const blockTypes = Object.keys(decoders) as readonly BlockType[];

/** The weights of whole blocks that lie end to end. */
export function valuesOfBlocks(type: BlockType, bytes: Uint8Array): Float32Array {
  const { weights, bytes: size } = ggufTypes[type];
  const blocks = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  const out = new Float32Array((bytes.length / size) * weights);
  const decode = decoders[type];
  for (let at = 0, to = 0; at < bytes.length; at += size, to += weights) decode(blocks, at, out, to);
  return out;
}
