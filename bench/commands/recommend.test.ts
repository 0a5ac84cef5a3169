import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { openModel } from '../inputs/model-files/open-model.ts';
import { readPlan } from '../inputs/read-plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-recommend-'));

function tare(...args: string[]) {
  const main = join(PROJECT, 'bench', 'main.ts');
  return spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...process.env, COLUMNS: '200' },
  });
}

describe('sensitivity', () => {
  const { status, stdout, stderr } = tare('sensitivity', '--technique', 'q4-0', '--tokens', '320', '--json');
  const { layers } = JSON.parse(stdout);

  test('scores each layer of moby alone, those first that cost least for what they save', () => {
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringMatching(/^\[1\/22\] /) });
    expect(layers).toHaveLength(22);
    const prices = layers.map(({ kld_mean, saved_bytes }: Record<string, number>) => kld_mean / saved_bytes);
    expect(prices).toEqual(prices.toSorted((a: number, b: number) => a - b));
    for (const { kld_mean, kld_mean_ci95 } of layers) {
      expect(kld_mean_ci95.low).toBeLessThan(kld_mean);
      expect(kld_mean_ci95.high).toBeGreaterThan(kld_mean);
    }
  });
});

test.each([
  [['sensitivity', '--technique', 'int5'], '--technique: must be one of tare'],
  [['sensitivity', '--technique', 'tiled-attention'], '--technique: must be of products, got tiled-attention'],
  [['sensitivity', '--axis', 'groupSize=7'], '--axis groupSize: must be one of 32, 64, 128, got 7'],
  [['sensitivity', '--backend', 'gpujs-cpu'], '--backend: must be one of tare'],
  [['sensitivity', '--tokens', '0'], '--tokens: must be a count, got 0'],
  [['sensitivity', '--model', 'nowhere'], 'nowhere: must be'],
  [['recommend', '--max-ppl', '1.01'], '--max-ppl: must read like +1%, got 1.01'],
  [['recommend', '--min-speedup', 'fast'], '--min-speedup: must be above 0 and at most 1000, got fast'],
  [['recommend', '--max-bytes', '0%'], '--max-bytes: must be above 0%, got 0%'],
  [['recommend', '--max-bytes', '5%', '--tokens', '320'], '--max-bytes: must be at least 7.2%, which int2 leaves'],
])('%j is refused in one line', (args, message) => {
  const { status, stdout, stderr } = tare(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([expect.stringContaining(message)]);
});

describe('a plan', () => {
  const { config } = openModel(join(PROJECT, 'bench', 'models', 'moby'));
  const write = (plan: unknown) => {
    const path = join(folder, 'plan.json');
    writeFileSync(path, JSON.stringify(plan));
    return path;
  };
  const name = 'model.layers.0.mlp.up_proj.weight';

  test('comes back as it was written', () => {
    const plan = { model: 'moby', layers: { [name]: { technique: 'q4-k', params: { activations: 'int8' } } } };
    expect(readPlan(write(plan), config)).toEqual(plan);
    expect(readFileSync(join(folder, 'plan.json'), 'utf8')).toContain('q4-k');
  });

  test.each([
    [{ model: 'moby' }, 'plan.layers must fit'],
    [{ model: 'moby', layers: { [name]: 'q4-k' } }, `plan.layers.${name} must fit`],
    [
      { model: 'other', layers: { 'model.layers.77.x': { technique: 'q4-k', params: {} } } },
      'got model.layers.77.x; it was made for other',
    ],
  ])('that is none of the model’s is refused: %j', (plan, message) => {
    expect(() => readPlan(write(plan), config)).toThrow(message);
  });
});
