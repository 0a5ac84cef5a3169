// Floating-point numbers of 4 to 16 bits: what each code stands for, and the nearest code to a number. Sources: OCP 8-bit
// Floating Point Specification 1.0 (E4M3, E5M2), OCP Microscaling Formats 1.0 (E2M1, E8M0), IEEE 754 (binary16), and the upper
// half of a binary32 (bfloat16).
import type { Grid } from './grid.ts';

export interface SmallFloat {
  readonly bits: number;
  /** What each code stands for, NaN and infinities where the format has them. */
  readonly values: Float32Array;
  /** The largest finite value. */
  readonly max: number;
  /** Its power of two, `emax` in the specifications. */
  readonly maxExponent: number;
  /** The nearest finite code, ties to even, saturating; a negative number that rounds to zero keeps its sign. */
  encode(value: number): number;
}

export const e2m1 = smallFloat(2, 1, 'none');
export const e4m3 = smallFloat(4, 3, 'nan');
export const e5m2 = smallFloat(5, 2, 'ieee');
export const f16 = smallFloat(5, 10, 'ieee');
export const bf16 = smallFloat(8, 7, 'ieee');

/** 2^(code − 127), a scale without sign or mantissa; 255 is NaN. */
export const e8m0 = Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? Number.NaN : 2 ** (code - 127)));

/** The nearest code to weight / scale; code 0 where the scale is 0. */
export function encodeScaled({ encode }: SmallFloat): Grid['encode'] {
  return (weight, scale) => (scale === 0 ? 0 : encode(weight / scale));
}

/**
 * `specials`: whether all codes are finite, the one of largest magnitude is NaN, or those of the largest exponent are
 * infinities and NaNs.
 */
function smallFloat(exponentBits: number, mantissaBits: number, specials: 'none' | 'nan' | 'ieee'): SmallFloat {
  const bias = 2 ** (exponentBits - 1) - 1;
  const signBit = 2 ** (exponentBits + mantissaBits);
  const exponents = 2 ** exponentBits - (specials === 'ieee' ? 2 : 1);
  const largest = { none: signBit - 1, nan: signBit - 2, ieee: (exponents + 1) * 2 ** mantissaBits - 1 }[specials];
  const values = new Float32Array(2 * signBit);
  values.set(finites(mantissaBits, bias, largest));
  values.fill(Number.NaN, largest + 1, signBit);
  for (let code = 0; code < signBit; code++) values[code + signBit] = -values[code];
  if (specials === 'ieee') {
    values[largest + 1] = Number.POSITIVE_INFINITY;
    values[largest + 1 + signBit] = Number.NEGATIVE_INFINITY;
  }
  const max = values[largest];
  return {
    bits: exponentBits + mantissaBits + 1,
    values,
    max,
    maxExponent: Math.floor(Math.log2(max)),
    encode: nearestCode(mantissaBits, bias, signBit, exponents, largest),
  };
}

/** From 0 to the largest. */
function finites(mantissaBits: number, bias: number, largest: number): Float32Array {
  const values = new Float32Array(largest + 1);
  const steps = 2 ** mantissaBits;
  for (let code = 0; code <= largest; code += steps) {
    const exponent = code / steps;
    const step = 2 ** (Math.max(1, exponent) - bias - mantissaBits);
    const first = exponent === 0 ? 0 : steps;
    const end = Math.min(steps, largest + 1 - code);
    for (let mantissa = 0; mantissa < end; mantissa++) values[code + mantissa] = (first + mantissa) * step;
  }
  return values;
}

const double = new Float64Array(1);
const [HIGH_WORD] = new Uint8Array(new Uint16Array([1]).buffer);
const words = new Uint32Array(double.buffer);

/** From here on a double has no fraction: added and taken off again, it rounds to an integer, ties to even. */
const NO_FRACTION = 2 ** 52;

/**
 * Codes of one sign count the steps from 0 on: 2^mantissaBits to a power of two, from the least normal one on, and as many of
 * the same size below it.
 */
function nearestCode(mantissaBits: number, bias: number, signBit: number, exponents: number, largest: number) {
  const stepsPerUnit = Float64Array.from({ length: exponents }, (_, i) => 2 ** (mantissaBits + bias - 1 - i));
  return (value: number) => {
    double[0] = value;
    const high = words[HIGH_WORD];
    const sign = high >>> 31 === 0 ? 0 : signBit;
    const above = Math.max(0, ((high >>> 20) & 0x7ff) - 1023 + bias - 1);
    if (above >= exponents) return sign + largest;
    const steps = Math.abs(value) * stepsPerUnit[above] + NO_FRACTION - NO_FRACTION;
    return sign + Math.min(largest, (above << mantissaBits) + steps);
  };
}
