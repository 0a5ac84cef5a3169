import { expect, test } from 'vitest';
import { placeLabels } from './place-labels.ts';

test('a name stands to the right of its mark, to the left at the edge, and nowhere where it would cover another', () => {
  const marks = [
    { x: 20, y: 50, label: 'int4 64' },
    { x: 190, y: 50, label: 'int8' },
    { x: 30, y: 100, label: 'csr 0.5' },
    { x: 50, y: 100 },
    { x: 10, y: 103, label: 'csr 0.9' },
  ];
  expect(placeLabels(marks, 200)).toEqual([
    { text: 'int4 64', align: 'left' },
    { text: 'int8', align: 'right' },
    undefined,
    undefined,
    undefined,
  ]);
});
