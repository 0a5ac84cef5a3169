import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test.each([
  [counted(0, 'case'), '0 cases'],
  [counted(1, 'case'), '1 case'],
  [counted(2, 'matrix is', 'matrices are'), '2 matrices are'],
])('%s', (said, expected) => {
  expect(said).toBe(expected);
});
