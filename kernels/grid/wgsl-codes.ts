// Codes of a grid as WGSL reads them: so many bits each as they are packed, re-ordered so that neighbouring columns are
// neighbours in memory, and taken four at a time. The text is made from the layout.
import { STEP } from '../dense/wgsl-matmul.ts';
import { fromBits, planeStride, planesOf } from './bits.ts';
import { firstInteger } from './gpu-digits.ts';
import type { GridLayout, MatmulShape } from './layout.ts';

export interface WgslCodes {
  readonly words: Uint8Array;
  /** `codesAt(n, step)`, four codes as vec4u. */
  readonly code: string;
}

const WORD_BYTES = 4;
/** Codes of three values to a byte. */
const TRITS = 5;

/** Planes one after another, each [words of a row, N] but for codes of 16 bits, which lie [steps, N, 2]. */
export function codesBySteps(packed: Uint8Array, { bits }: GridLayout, shape: MatmulShape): WgslCodes {
  if (bits === 1.6) return { words: tritsBySteps(packed, shape), code: TRITS_CODE };
  const { N, K } = shape;
  const ordered: Uint8Array[] = [];
  const parts: string[] = [];
  let from = 0;
  let words = 0;
  let below = 0;
  for (const plane of planesOf(bits)) {
    const stride = planeStride(K, plane);
    ordered.push(
      byColumn(packed.subarray(from, from + N * stride), N, stride, plane === 16 ? 2 * WORD_BYTES : WORD_BYTES),
    );
    const read = plane === 16 ? WHOLE_CODES : planeCode(plane, words);
    parts.push(below === 0 ? read : `(${read} << vec4u(${below}u))`);
    from += N * stride;
    words += ordered.at(-1)!.length / WORD_BYTES;
    below += plane;
  }
  const code = `
fn codesAt(n : u32, step : u32) -> vec4u { return ${parts.join(' | ')}; }`;
  return { words: joined(ordered), code };
}

const WHOLE_CODES = `((vec4u(vec2u(W[(step * N + n) * 2u]), vec2u(W[(step * N + n) * 2u + 1u])) >> vec4u(0u, 16u, 0u, 16u)) & vec4u(65535u))`;

function planeCode(bits: number, from: number): string {
  const steps = 8 / bits;
  const word = `W[${from}u + step / ${steps}u * N + n] >> (step % ${steps}u * ${STEP * bits}u)`;
  return `((vec4u(${word}) >> vec4u(0u, ${bits}u, ${2 * bits}u, ${3 * bits}u)) & vec4u(${2 ** bits - 1}u))`;
}

const TRITS_CODE = `
const POWERS = array(1u, 3u, 9u, 27u, 81u);
fn codesAt(n : u32, step : u32) -> vec4u {
  let bytes = (vec4u(W[step / ${TRITS}u * N + n]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  return bytes / POWERS[step % ${TRITS}u] % 3u;
}`;

/** Words of 20 codes: digit j of the four bytes are the codes of step j. */
function tritsBySteps(packed: Uint8Array, { N, K }: MatmulShape): Uint8Array {
  const codes = fromBits(packed, N, K, 1.6);
  const words = Math.ceil(K / (TRITS * STEP));
  const ordered = new Uint8Array(words * N * WORD_BYTES);
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) {
      const step = Math.floor(k / STEP);
      const at = (Math.floor(step / TRITS) * N + n) * WORD_BYTES + (k % STEP);
      ordered[at] += codes[n * K + k] * 3 ** (step % TRITS);
    }
  }
  return ordered;
}

/** Rows [N, stride] of bytes as [ceil(stride / each), N, each]. */
function byColumn(rows: Uint8Array, N: number, stride: number, each: number): Uint8Array {
  const ordered = new Uint8Array(Math.ceil(stride / each) * N * each);
  for (let n = 0; n < N; n++) {
    for (let i = 0; i < stride; i++) ordered[(Math.floor(i / each) * N + n) * each + (i % each)] = rows[n * stride + i];
  }
  return ordered;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Numbers that a shader looks up, in one array, since a shader may have only so many. */
export class Tables {
  readonly numbers: number[] = [];

  /** WGSL of the entry at `index`, which is WGSL too. */
  add(values: Iterable<number>, index: string): string {
    const from = this.numbers.length;
    for (const value of values) this.numbers.push(value);
    return `tables[${from}u + ${index}]`;
  }
}

/** `valuesOf(codes)`, what four codes stand for, by arithmetic where that gives every finite value and else by a table. */
export function valuesCode({ bits, values }: Pick<GridLayout, 'bits' | 'values'>, tables: Tables): string {
  const body = integerBody(values) ?? signedBytesBody(values) ?? floatBody(bits, values) ?? tableBody(values, tables);
  return `
fn valuesOf(codes : vec4u) -> vec4f { ${body} }`;
}

function integerBody(values: Float32Array): string | undefined {
  const first = firstInteger({ values });
  return first === undefined ? undefined : `return vec4f(codes) + vec4f(${first});`;
}

/** 16 values that are small integers times a power of two: four words of bytes, of which bits of the code choose. */
function signedBytesBody(values: Float32Array): string | undefined {
  if (values.length !== 16) return undefined;
  const unit = [1, 0.5, 0.25].find((unit) =>
    values.every((value) => Number.isInteger(value / unit) && Math.abs(value / unit) <= 127),
  );
  if (unit === undefined) return undefined;
  const words = new Uint32Array(Int8Array.from(values, (value) => value / unit).buffer);
  const [a, b, c, d] = Array.from(words, (word) => `vec4u(${word}u)`);
  return `
  let upper = (codes & vec4u(8u)) != vec4u();
  let word = select(select(${a}, ${c}, upper), select(${b}, ${d}, upper), (codes & vec4u(4u)) != vec4u());
  return vec4f(bitcast<vec4i>(word << (vec4u(24u) - ((codes & vec4u(3u)) << vec4u(3u)))) >> vec4u(24u)) * ${unit};
`;
}

/** Floats of 16 bits, and of 8, which have fewer bits of what f16 has. */
function floatBody(bits: number, values: Float32Array): string | undefined {
  const isEach = (float: (code: number) => number) =>
    values.every((value, code) => !Number.isFinite(value) || value === float(code));
  if (bits === 16) {
    if (isEach(halfOf)) return halves('codes', 1);
    return isEach((code) => floatOf(code << 16)) ? 'return bitcast<vec4f>(codes << vec4u(16u));' : undefined;
  }
  if (bits !== 8) return undefined;
  for (const { shift, factor } of SMALL_FLOATS) {
    const half = (code: number) => halfOf(((code & 128) << 8) | ((code & 127) << shift)) * factor;
    if (isEach(half)) {
      return halves(`((codes & vec4u(128u)) << vec4u(8u)) | ((codes & vec4u(127u)) << vec4u(${shift}u))`, factor);
    }
  }
  return undefined;
}

/** E4M3 has an exponent of f16 but for its bias, which is 8 less; E5M2 is the upper half of f16. */
const SMALL_FLOATS = [
  { shift: 7, factor: 256 },
  { shift: 8, factor: 1 },
] as const;

function halves(codes: string, factor: number): string {
  return `
  let bits = ${codes};
  return vec4f(unpack2x16float(bits.x | (bits.y << 16u)), unpack2x16float(bits.z | (bits.w << 16u))) * ${factor};
`;
}

function halfOf(bits: number): number {
  return new Float16Array(Uint16Array.of(bits).buffer)[0];
}

function floatOf(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}

function tableBody(values: Float32Array, tables: Tables): string {
  const entry = tables.add(values, 'CODE');
  return `return vec4f(${['x', 'y', 'z', 'w'].map((lane) => entry.replace('CODE', `codes.${lane}`)).join(', ')});`;
}
