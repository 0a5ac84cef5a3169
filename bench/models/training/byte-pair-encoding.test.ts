import { expect, test } from 'vitest';
import { bytePairEncoder, tokenBytes, trainMerges } from './byte-pair-encoding.ts';

const bytes = (text: string) => [...Buffer.from(text)];

test('the pair that is most frequent is merged first, the lowest of those that are as frequent', () => {
  // Sennrich et al. 2016: e-s and s-t stand there 9 times each, l-o and o-w 7 times.
  const text = 'low low low low low lower lower newest newest newest newest newest newest widest widest widest';
  const merges = trainMerges(text, 4);
  const tokens = tokenBytes(merges).map((token) => Buffer.from(token).toString());
  expect(tokens.slice(256)).toEqual(['es', 'est', 'lo', 'low']);
});

test('merges apply in the order they were learnt in, whatever stands first in a word', () => {
  const merges = [
    [98, 99],
    [97, 98],
    [256, 257],
  ] as const;
  const encode = bytePairEncoder(merges);
  expect(encode('abc')).toEqual([97, 256]);
  expect(encode('bcab')).toEqual([258]);
});

test('tokens stand for the bytes of the text they came from', () => {
  const text = 'Æneas’s  ship — “the Pequod” —\n\nsank in 1851…  ';
  const merges = trainMerges(text.repeat(3), 12);
  const stand = tokenBytes(merges);
  const ids = bytePairEncoder(merges)(text);
  expect(ids.length).toBeLessThan(bytes(text).length);
  expect(ids.flatMap((id) => stand[id])).toEqual(bytes(text));
});
