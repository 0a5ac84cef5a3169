import { expect, test } from 'vitest';
import { type Encoded, floatField, integerField, joinFields, messageField, textField } from './protobuf.ts';

// The first three are the examples of protobuf.dev/programming-guides/encoding.
test.each<[string, Encoded, string]>([
  ['a number', integerField(1, 150), '089601'],
  ['a text', textField(2, 'testing'), '120774657374696e67'],
  ['a message', messageField(3, integerField(1, 150)), '1a03089601'],
  ['an empty message', messageField(3), '1a00'],
  ['a number past 32 bits', integerField(1, 2 ** 35), '08808080808001'],
  ['a field number past one byte', integerField(20, 2), 'a00102'],
  ['a float', floatField(2, 1), '150000803f'],
])('%s is encoded as the format says', (_, field, hex) => {
  expect(Buffer.from(joinFields([field])).toString('hex')).toBe(hex);
});
