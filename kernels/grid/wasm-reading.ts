// Which variant of the WebAssembly tiles reads the codes of a layout, and how.

import { planesOf } from './bits.ts';
import type { GridLayout } from './layout.ts';
import { quadsInWords, type Variant, variants } from './variants.ts';

export interface Reading {
  readonly variant: Variant;
  /** Its place in `variants`, plus their number where the machine multiplies bytes of any sign. */
  readonly index: number;
  /** Quads whose products are added in 16 bits; 0 where the machine adds them in 32. */
  readonly inWords: number;
  /** Taken off a code, or off what the table has for it. */
  readonly zero: number;
  /** What a code reads as for the tiles, times this, is its value. */
  readonly unit: number;
  /** Sixteen bytes, or four times sixteen of an f32's; undefined where codes are read as they are. */
  readonly table?: Uint8Array;
  /** Added to a code before it is stored, modulo 256. */
  readonly shift: number;
  /** Power of two by which X is made larger, since weights are read as so much smaller. */
  readonly lift: number;
}

const PLAIN = { zero: 0, unit: 1, shift: 0, lift: 0 };
const BYTE = 127;
/** The largest number of three digits of which all but the highest are signed bytes too. */
const MOST_OF_DIGITS = 0x7f7f7f;
/** Makes digits below the highest unsigned when it is added, and 128 is taken off each of them. */
const SIGNED_BELOW = 0x8080;
/** Half of what weights are read too small by: the rest is left to their scales. */
const LIFT = 60;

/**
 * `bias` is what must be added to signed bytes so that the machine's product of them with signed ones is exact (see byteBias);
 * undefined where it has none.
 */
export function readingOf(layout: GridLayout, bias?: number): Reading {
  const reading = plainReading(layout);
  const { variant, zero, shift, table } = reading;
  if (bias === undefined) return reading;
  if (variant.arithmetic === 'floats') return variant.isTable ? digitReading(reading, layout.values, bias) : reading;
  const added = variant.arithmetic === 'signs' ? bias : 0;
  return {
    ...reading,
    variant: { ...variant, arithmetic: 'bytes' },
    index: reading.index + variants.length,
    inWords: 0,
    zero: zero + added,
    shift: table === undefined ? shift + added : shift,
    table: table?.map((entry) => entry + added),
  };
}

/**
 * A table of any numbers as three digits each, which are off by 2⁻²⁴ of the largest number at most. The highest is a signed byte, to
 * which the bias is added; the others are unsigned where bytes are, and signed as well where they are not.
 */
function digitReading(reading: Reading, values: Float32Array, bias: number): Reading {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const unit = largest / MOST_OF_DIGITS;
  const below = bias === 0 ? SIGNED_BELOW : 0;
  const table = new Uint8Array(3 * values.length);
  for (const [code, value] of values.entries()) {
    const number = Math.round(value / unit) + (bias << 16) + below;
    for (let place = 0; place < 3; place++) {
      const digit = number >> (8 * (2 - place));
      table[place * values.length + code] = digit - (below === 0 || place === 0 ? 0 : 128);
    }
  }
  return {
    ...reading,
    variant: { ...reading.variant, arithmetic: 'bytes' },
    index: reading.index + variants.length,
    inWords: 0,
    zero: bias,
    unit,
    table,
  };
}

function plainReading(layout: GridLayout): Reading {
  const { bits, values, group } = layout;
  const isBy16 = group === 16;
  if (bits === 16) {
    const isHalf = values[1] === 2 ** -24;
    return { ...PLAIN, ...named(isHalf ? 'F16' : 'Bf16'), unit: isHalf ? 2 ** 112 : 1, lift: isHalf ? LIFT : 0 };
  }
  const zero = -values[0];
  const isCounting = values.every((value, code) => value === code - zero);
  if (bits === 8) {
    if (isCounting) return { ...PLAIN, ...named('Eight'), shift: -zero };
    const isE4m3 = values[1] === 2 ** -9;
    return { ...PLAIN, ...named(isE4m3 ? 'E4m3' : 'E5m2'), unit: isE4m3 ? 2 ** 120 : 2 ** 112, lift: LIFT };
  }
  if (isCounting) return { ...PLAIN, ...variantOf(bits === 1.6 ? [2] : planesOf(bits), isBy16), zero };
  const unit = unitOf(values);
  if (unit === undefined) return { ...PLAIN, ...named('FloatTable'), table: bytesOfFloats(values) };
  const integers = values.map((value) => value / unit);
  const least = Math.min(...integers);
  if (Math.max(...integers) - least > BYTE) {
    return { ...PLAIN, ...named('SignedTable'), unit, table: Uint8Array.from(Int8Array.from(integers)) };
  }
  const table = Uint8Array.from(integers, (value) => value - least);
  return { ...PLAIN, ...named(isBy16 ? 'TableBy16' : 'Table'), zero: -least, unit, table };
}

type Form = Pick<Reading, 'variant' | 'index' | 'inWords'>;

function named(name: string): Form {
  return formAt(variants.findIndex((variant) => variant.name === name));
}

function formAt(index: number): Form {
  return { variant: variants[index], index, inWords: quadsInWords(variants[index]) };
}

function variantOf(planes: readonly number[], isBy16: boolean): Form {
  const index = variants.findIndex(
    (variant) =>
      !variant.isTable &&
      variant.arithmetic === 'bytes' &&
      `${variant.planes}` === `${planes}` &&
      isBy16 === (variant.block === 16),
  );
  if (index < 0) throw new Error(`grid: must have a variant for planes of ${planes.join(' and ')} bits`);
  return formAt(index);
}

/** The largest power of two of which all values are whole numbers of one byte; undefined where there is none. */
function unitOf(values: Float32Array): number | undefined {
  return [1, 0.5, 0.25].find((unit) =>
    values.every((value) => Number.isInteger(value / unit) && Math.abs(value / unit) <= BYTE),
  );
}

/** Sixteen f32 as four times sixteen bytes, the lowest ones first. */
function bytesOfFloats(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.slice().buffer);
  return Uint8Array.from({ length: 64 }, (_, i) => bytes[(i % 16) * 4 + (i >> 4)]);
}
