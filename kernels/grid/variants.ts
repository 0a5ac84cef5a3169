// The forms in which WebAssembly reads codes: which the tiles are generated for and what prepares them chooses among.

/** Codes along K that the tiles take at once. */
export const BLOCK = 32;
/** Four codes of a row, next to each other along K, lie in a lane. */
export const QUAD = 4;

export interface Variant {
  readonly name: string;
  /** Bits of a code in each plane; one word of 32 bits holds a plane's bits of 32 / plane codes. */
  readonly planes: readonly number[];
  /** Codes that share a scale, at least: sums are scaled as often. */
  readonly block: 16 | 32;
  /**
   * `bytes`: products of unsigned codes with signed digits of X, added in 16 bits. `signs`: codes are signed numbers of 8 bits,
   * which take on the sign of X. `floats`: codes become f32. Where the machine has an instruction that multiplies any bytes and
   * adds four products in 32 bits, that is used for the first two.
   */
  readonly arithmetic: 'bytes' | 'signs' | 'floats';
  /** Codes are places in a table of 16. */
  readonly isTable?: true;
  /** What a code is at most, once looked up. */
  readonly most: number;
}

export const variants: readonly Variant[] = [
  { name: 'Two', planes: [2], block: 32, arithmetic: 'bytes', most: 3 },
  { name: 'Three', planes: [2, 1], block: 32, arithmetic: 'bytes', most: 7 },
  { name: 'Four', planes: [4], block: 32, arithmetic: 'bytes', most: 15 },
  { name: 'Five', planes: [4, 1], block: 32, arithmetic: 'bytes', most: 31 },
  { name: 'SixBy16', planes: [4, 2], block: 16, arithmetic: 'bytes', most: 63 },
  { name: 'Table', planes: [4], block: 32, arithmetic: 'bytes', isTable: true, most: 31 },
  { name: 'TableBy16', planes: [4], block: 16, arithmetic: 'bytes', isTable: true, most: 31 },
  { name: 'SignedTable', planes: [4], block: 32, arithmetic: 'signs', isTable: true, most: 127 },
  { name: 'Eight', planes: [8], block: 32, arithmetic: 'signs', most: 127 },
  { name: 'FloatTable', planes: [4], block: 32, arithmetic: 'floats', isTable: true, most: 0 },
  { name: 'E4m3', planes: [8], block: 32, arithmetic: 'floats', most: 0 },
  { name: 'E5m2', planes: [8], block: 32, arithmetic: 'floats', most: 0 },
  { name: 'F16', planes: [16], block: 32, arithmetic: 'floats', most: 0 },
  { name: 'Bf16', planes: [16], block: 32, arithmetic: 'floats', most: 0 },
];

/** Bytes of a table's entry, each in a table of its own, where they are multiplied as bytes. */
export function tableBytes({ isTable, arithmetic }: Variant): 0 | 1 | 3 {
  if (!isTable) return 0;
  return arithmetic === 'floats' ? 3 : 1;
}

/** Quads whose products, two to a lane of 16 bits and each at most 2·most·128, can be added before they are widened. */
export function quadsInWords({ most, block }: Variant): number {
  const fit = Math.floor((2 ** 15 - 1) / (2 * most * 128));
  return Math.min(block / QUAD, 2 ** Math.floor(Math.log2(fit)));
}
