import { expect, test } from 'vitest';
import { bf16, e2m1, e4m3, e5m2, e8m0, f16 } from './small-floats.ts';
import vectors from './small-floats-vectors.json' with { type: 'json' };

const floats = { e2m1, e4m3, e5m2, f16, bf16 };

function f32Of(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function codesOf(text: string, bits: number): Uint8Array | Uint16Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return bits === 16 ? new Uint16Array(bytes.buffer) : bytes;
}

test('every code of the 4-bit and 8-bit floats stands for what ml-dtypes says, so that checkpoints decode alike', () => {
  for (const name of ['e2m1', 'e4m3', 'e5m2'] as const) {
    expect(floats[name].values, name).toEqual(f32Of(vectors[name].values));
  }
  expect(e8m0).toEqual(f32Of(vectors.e8m0.values));
});

test('codes of 16 bits stand for what JavaScript itself reads from them', () => {
  const codes = Uint16Array.from({ length: 65536 }, (_, code) => code);
  const asF16 = new Float16Array(codes.buffer);
  const asBf16 = new Float32Array(Uint32Array.from(codes, (code) => code * 65536).buffer);
  expect(codes.filter((code) => !Object.is(f16.values[code], asF16[code]))).toHaveLength(0);
  expect(codes.filter((code) => !Object.is(bf16.values[code], asBf16[code]))).toHaveLength(0);
});

test.each(Object.keys(floats) as (keyof typeof floats)[])(
  '%s rounds as ml-dtypes does: ties, their neighbours, subnormals and both ends',
  (name) => {
    const inputs = f32Of(vectors[name].inputs);
    const codes = codesOf(vectors[name].codes, floats[name].bits);
    const wrong = [...inputs].filter((input, i) => floats[name].encode(input) !== codes[i]);
    expect(wrong).toEqual([]);
  },
);

test.each([
  [0.25, 0],
  [0.75, 1],
  [1.25, 1],
  [1.75, 2],
  [2.5, 2],
  [3.5, 4],
  [5, 4],
])('a tie of E2M1 goes to the even code, as OCP has it: %d to %d', (tie, rounded) => {
  expect(e2m1.values[e2m1.encode(tie)]).toBe(rounded);
  expect(e2m1.values[e2m1.encode(-tie)]).toBe(-rounded);
});

test.each([
  ['e2m1', 6],
  ['e4m3', 448],
  ['e5m2', 57344],
  ['f16', 65504],
  ['bf16', 2 ** 128 - 2 ** 120],
] as const)('%s saturates at %d: what is too large never becomes NaN or an infinity', (name, largest) => {
  const { values, encode, max, maxExponent } = floats[name];
  expect(max).toBe(largest);
  expect(2 ** maxExponent <= largest && largest < 2 ** (maxExponent + 1)).toBe(true);
  for (const value of [largest * 1.001, 3.4028234663852886e38, 1e300, Number.POSITIVE_INFINITY]) {
    expect([values[encode(value)], values[encode(-value)]]).toEqual([largest, -largest]);
  }
});

test.each(Object.keys(floats) as (keyof typeof floats)[])('each finite value of %s is its own nearest code', (name) => {
  const { values, encode } = floats[name];
  const wrong = [...values.keys()].filter((code) => Number.isFinite(values[code]) && encode(values[code]) !== code);
  expect(wrong).toEqual([]);
});
