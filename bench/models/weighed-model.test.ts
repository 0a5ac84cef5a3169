import { expect, test } from 'vitest';
import { openWasm } from '../backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import { linearLayers, type ModelWeights } from '../contract/model.ts';
import type { ModelProblem } from '../contract/problem.ts';
import { prepare } from '../measure/instance.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';
import type { Placement } from './running-model.ts';
import { weighedModel } from './weighed-model.ts';

const dense = await loadTechnique('dense', [KERNELS_DIR]);
const csr = await loadTechnique('csr', [KERNELS_DIR]);
const windows = [{ before: [5, 6], predicted: Array.from({ length: 40 }, (_, i) => (7 * i + i * i) % 53) }];
const problem: ModelProblem = {
  op: 'model',
  phase: 'decode',
  M: 1,
  context: 20,
  weights: 'random',
  layers: 'all',
  scale: 1,
  seed: 0,
  config: smallConfig,
  file: { path: '', text: '', calibration: '' },
};

test('the uncompressed model beside itself is held once, and loses nothing', async () => {
  const weights = randomModel(smallConfig, 1);
  // As a process has it that keeps packed weights on disk.
  const cached = { ...dense };
  const {
    technique,
    dense: baseline,
    score,
  } = weighedModel(weights, problem, { technique: cached, params: {} }, dense, windows);
  expect(technique).toBe(baseline);
  const place: Pick<Placement, 'kind' | 'runtime'> = { kind: 'wasm', runtime: await openWasm(128, 1) };
  const scored = await score?.(place);
  expect(scored?.score).toMatchObject({ tokens: 40, kldMean: 0, kldMax: 0, sameTopPct: 100, pplRatio: 1 });
});

test.each([
  [0.9, 1],
  [0.5, 2],
])(
  'what no technique compresses is read again and not kept, and what one does is packed once where it is small: sparsity %j',
  async (sparsity, packings) => {
    const weights = randomModel(smallConfig, 1);
    const read = new Map<string, number>();
    const counting: ModelWeights = {
      ...weights,
      tensor(name) {
        read.set(name, 1 + (read.get(name) ?? 0));
        return weights.tensor(name);
      },
    };
    const choice = { technique: { ...csr }, params: { sparsity } };
    const { technique, dense: baseline } = weighedModel(
      counting,
      { ...problem, layers: 'attn' },
      choice,
      dense,
      undefined,
    );
    const place = { kind: 'ts', device: 'cpu', runtime: undefined } as const;
    const activations = { tokens: [1, 2, 3] };
    for (const side of [technique, baseline]) {
      read.clear();
      const { kernel } = await prepare(side, {}, { problem }, { weights: counting, activations }, place);
      kernel.dispose();
      const times = (part: string) =>
        new Set(
          linearLayers(smallConfig)
            .filter((layer) => layer.part === part)
            .map(({ name }) => read.get(name)),
        );
      // To be placed, and for the reference; the head's rows are looked up besides.
      expect(times('attn')).toEqual(new Set([side === technique ? packings : 2]));
      expect(times('ffn')).toEqual(new Set([2]));
    }
  },
);
