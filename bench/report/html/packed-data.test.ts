import { expect, test } from 'vitest';
import { escapeMarkup } from './markup.ts';
import { pack, unpack } from './packed-data.ts';

test('what is packed comes out again: JSON as it was, figures to four digits, what is missing missing', async () => {
  const json = { names: ['ä', '</script>', '∞'], none: null };
  const speedup = Float32Array.from({ length: 1000 }, (_, i) => (i % 7 === 0 ? Number.NaN : Math.exp(i / 100 - 5)));
  const packed = await pack(json, { speedup, empty: new Float32Array() });
  expect(packed).toMatch(/^[A-Za-z0-9+/]+=*$/);
  const { json: read, columns } = await unpack(packed);
  expect(read).toEqual(json);
  expect(Object.keys(columns)).toEqual(['speedup', 'empty']);
  for (const [i, value] of speedup.entries()) {
    if (Number.isNaN(value)) expect(columns.speedup[i]).toBeNaN();
    else expect(columns.speedup[i] / value).toBeCloseTo(1, 3);
  }
});

test('markup in text is text, in attributes too', () => {
  expect(escapeMarkup(`<a b="c" d='e'>&`)).toBe('&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;');
});
