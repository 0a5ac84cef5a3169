import { expect, test } from 'vitest';
import { bytesOfBits, fromBits, toBits } from './bits.ts';

test.each([1.6, 2, 3, 4, 5, 6, 8, 16])('codes of %d bits come back, rows beginning on whole bytes', (bits) => {
  const most = bits === 1.6 ? 3 : 2 ** bits;
  const codes = Uint16Array.from({ length: 3 * 37 }, (_, i) => (i * 7919 + (i >> 3)) % most);
  const bytes = toBits(codes, 3, 37, bits);
  expect(bytes.length).toBe(bytesOfBits(3, 37, bits));
  expect([...fromBits(bytes, 3, 37, bits)]).toEqual([...codes]);
});

test('planes begin with the lowest bits, the first code in the lowest place', () => {
  expect([...toBits(Uint8Array.of(0x1f, 0x12), 1, 2, 5)]).toEqual([0x2f, 0b11]);
  expect([...toBits(Uint8Array.of(1, 2, 3, 0, 1), 1, 5, 2)]).toEqual([0b00111001, 0b01]);
  expect([...toBits(Uint8Array.of(2, 1, 0, 2, 1), 1, 5, 1.6)]).toEqual([2 + 3 + 2 * 27 + 81]);
});

test.each([
  [4, 256, 128],
  [6, 256, 192],
  [3, 256, 96],
  [1.6, 260, 52],
])('%d bits of %d codes take %d bytes', (bits, columns, bytes) => {
  expect(bytesOfBits(1, columns, bits)).toBe(bytes);
});

test('other numbers of bits are refused', () => {
  expect(() => toBits(new Uint8Array(8), 1, 8, 7)).toThrow('bits: must be 1.6, 2 to 6, 8 or 16, got 7');
});
