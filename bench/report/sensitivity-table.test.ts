import { expect, test } from 'vitest';
import { type LayerCost, rankCosts, sensitivityTable } from './sensitivity-table.ts';

const MIB = 2 ** 20;
const costs: LayerCost[] = [
  { layer: 'model.layers.0.self_attn.q_proj.weight', savedBytes: MIB, kldMean: 0.004, pplRatio: 1.0012 },
  {
    layer: 'model.layers.0.mlp.down_proj.weight',
    savedBytes: 4 * MIB,
    kldMean: 0.008,
    kldMeanCi95: { low: 0.007, high: 0.009 },
    pplRatio: 0.999,
    pplRatioCi95: { low: 0.996, high: 1.002 },
  },
  { layer: 'lm_head.weight', savedBytes: 0, reason: 'K must be a multiple of 256, got 64' },
];

test('layers are ranked by what a byte costs, those that stay f32 last', () => {
  expect(rankCosts(costs).map(({ layer }) => layer)).toEqual([costs[1], costs[0], costs[2]].map(({ layer }) => layer));
});

test('a row tells bytes, divergence and perplexity with their intervals', () => {
  const lines = sensitivityTable(costs, 120).split('\n');
  expect(lines[1].trim().split(/ {2,}/)).toEqual([
    '0.mlp.down_proj',
    '4096',
    '0.0080',
    '0.0070–0.0090',
    '0.0020',
    '-0.10 %',
    '-0.40 % to +0.20 %',
  ]);
  expect(lines[2].trim().split(/ {2,}/)).toEqual(['0.self_attn.q_proj', '1024', '0.0040', '0.0040', '+0.12 %']);
  expect(lines.slice(3).map((line) => line.trim())).toEqual([
    expect.stringMatching(/^lm_head +0$/),
    'stays f32: K must be a multiple of 256, got 64',
  ]);
});
