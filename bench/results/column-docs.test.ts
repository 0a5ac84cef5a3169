import { expect, test } from 'vitest';
import { columnDocs } from './column-docs.ts';

test('results/README.md describes the columns as they are', async () => {
  await expect(columnDocs()).toMatchFileSnapshot('../../results/README.md');
});
