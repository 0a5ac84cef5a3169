import { expect, test } from 'vitest';
import { plotSensitivity } from './sensitivity-plot.ts';

test('each layer that was scored is a point with its name, in the order of its figures', async () => {
  const svg = await plotSensitivity('moby, q4-0', [
    {
      layer: 'model.layers.0.mlp.up_proj.weight',
      savedBytes: 2048,
      kldMean: 0.01,
      kldMeanCi95: { low: -1, high: 0.02 },
    },
    { layer: 'model.layers.1.mlp.up_proj.weight', savedBytes: 4096, kldMean: 0.001 },
    { layer: 'lm_head.weight', savedBytes: 0, reason: 'too odd' },
  ]);
  const words = [...svg.matchAll(/<t(?:ext|span)[^>]*>([^<]+)</g)].map(([, text]) => text);
  expect(words).toEqual(expect.arrayContaining(['moby, q4-0', '0.mlp.up_proj', '1.mlp.up_proj', 'KiB saved']));
  expect(svg).not.toContain('lm_head');
  const placeOf = (layer: string) => {
    const [, x, y] = new RegExp(`translate\\(([\\d.]+),([\\d.]+)\\)"[^>]*>${layer}<`).exec(svg) ?? [];
    return [Number(x), Number(y)];
  };
  const [first, second] = [placeOf('0.mlp.up_proj'), placeOf('1.mlp.up_proj')];
  expect(second[0]).toBeGreaterThan(first[0]);
  expect(second[1]).toBeGreaterThan(first[1]);
});
