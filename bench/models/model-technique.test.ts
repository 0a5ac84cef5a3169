import { expect, test } from 'vitest';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import type { ModelConfig } from '../contract/model.ts';
import { model as operation } from '../contract/operations/model.ts';
import type { LayerChoice, ModelProblem } from '../contract/problem.ts';
import { checkOutput } from '../measure/check.ts';
import { modelTechnique } from './model-technique.ts';
import { packCase, whyNoneFits } from './packed-case.ts';
import { prepareModel } from './prepare-model.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';

const dense = await loadTechnique('dense', [KERNELS_DIR]);
const q4 = { technique: await loadTechnique('q4-0', [KERNELS_DIR]), params: {} };
// Blocks of 32 fit all layers but the last of the feed-forward part, with its 40 columns.
const config: ModelConfig = { ...smallConfig, hiddenSize: 32, headDim: 8 };
const weights = randomModel(config, 1);
const tokens = Array.from({ length: 9 }, (_, i) => (5 * i + i * i) % config.vocabularySize);

function problemOf(phase: ModelProblem['phase'], layers: LayerChoice = 'all', scale = 1): ModelProblem {
  const [M, context] = phase === 'decode' ? [1, 20] : [9, 0];
  const file = { path: '', text: '', calibration: '' };
  return { op: 'model', phase, M, context, weights: 'random', layers, scale, seed: 0, config, file };
}

const casesOf = (problem: ModelProblem) => {
  const packed = packCase(weights, problem, q4, dense);
  return { packed, technique: modelTechnique(q4, packed) };
};

test.each(['decode', 'prefill'] as const)('a %s computes what float64 does on the unpacked weights', async (phase) => {
  const problem = problemOf(phase, 'all+head');
  const { packed, technique } = casesOf(problem);
  const kernel = await prepareModel(packed, problem, 'ts', undefined);
  kernel.upload({ tokens });
  kernel.run();
  const reference = operation.reference(
    problem,
    technique.unpack(packed, problem, {}) as typeof weights,
    { tokens },
    [0],
  );
  expect(checkOutput(await kernel.readOutput(), reference).failure).toBeUndefined();
  // Uncompressed weights say something else.
  expect(
    checkOutput(await kernel.readOutput(), operation.reference(problem, weights, { tokens }, [0])).failure,
  ).toBeDefined();
  kernel.dispose();
});

test('a decode repeats to the bit, at the context that it is stretched to as well', async () => {
  const problem = problemOf('decode');
  const kernel = await prepareModel(casesOf(problem).packed, problem, 'ts', undefined);
  const outputs: Float32Array[] = [];
  for (const context of [undefined, 20, 20]) {
    kernel.upload({ tokens, context });
    for (let i = 0; i < 2; i++) {
      kernel.run();
      outputs.push((await kernel.readOutput()).slice());
    }
  }
  expect(outputs[1]).toEqual(outputs[0]);
  expect(outputs[2]).not.toEqual(outputs[0]);
  expect(outputs.slice(3)).toEqual([outputs[2], outputs[2], outputs[2]]);
  kernel.dispose();
});

test('only the layers that are named are replaced, and the row says which could not be', () => {
  const bytes = (layers: LayerChoice) => {
    const { values = 0, scales = 0 } = casesOf(problemOf('decode', layers)).technique.bytes(
      casesOf(problemOf('decode', layers)).packed,
    );
    return values + scales;
  };
  const none = operation.denseBytes(problemOf('decode'));
  // 4.5 bits for 32; the head is tied and counts once.
  const saved = (count: number) => (count * (32 - 4.5)) / 8;
  const [attn, ffn, head] = [2 * 2 * (32 * 32 + 16 * 32), 2 * 2 * 40 * 32, 53 * 32];
  expect(none - bytes('attn')).toBe(saved(attn));
  expect(none - bytes('ffn')).toBe(saved(ffn));
  expect(none - bytes('head')).toBe(saved(head));
  expect(none - bytes('all+head')).toBe(saved(attn + ffn + head));
  const { packed, technique } = casesOf(problemOf('decode', 'ffn'));
  expect(technique.caveat?.(weights, packed, problemOf('decode', 'ffn'), {})).toMatch(/^2 of 6 layers stay f32: /);
  expect(whyNoneFits(q4, { ...problemOf('decode', 'ffn'), config: { ...config, hiddenSize: 24 } })).toBeDefined();
  expect(whyNoneFits(q4, problemOf('decode', 'ffn'))).toBeUndefined();
});

test('a stack on itself has its layers’ bytes and work so many times', () => {
  const once = casesOf(problemOf('decode', 'all'));
  const thrice = casesOf(problemOf('decode', 'all', 3));
  const grown = thrice.technique.bytes(thrice.packed).scales - once.technique.bytes(once.packed).scales;
  expect(grown).toBe(2 * once.technique.bytes(once.packed).scales);
  const problem = { ...problemOf('decode'), context: 0 };
  const flops = (scale: number) => operation.denseFlops({ ...problem, scale }) - 2 * 53 * 32;
  expect(flops(3)).toBe(3 * flops(1));
});

test('where values round the other way for next to nothing, kernels may be off by what that comes to', () => {
  const toleratedWith = (round: (x: number) => number) => {
    const present = (_layer: unknown, X: Float32Array) => X.map(round);
    const { values, errorEnergy } = operation.reference(
      problemOf('prefill'),
      { ...weights, present, isRounded: true },
      { tokens },
      [0],
    );
    return errorEnergy! / values.reduce((sum, value) => sum + value * value, 0);
  };
  // Steps that no value lies at the edge of, and such as every value is thrown about by.
  expect(toleratedWith((x) => x)).toBeCloseTo(1e-3, 6);
  expect(toleratedWith((x) => x * (Math.round(x * 1e7) % 2 === 0 ? 0.99 : 1.01))).toBeGreaterThan(1.1e-3);
  // However far it is thrown, a network that computes something else is told apart.
  expect(toleratedWith((x) => x * (Math.round(x * 1e7) % 2 === 0 ? 0.3 : 1.7))).toBeCloseTo(0.1, 6);
});
