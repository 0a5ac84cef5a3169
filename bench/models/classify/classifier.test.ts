import { describe, expect, test } from 'vitest';
import dense from '../../../kernels/dense/technique.ts';
import { openWasm } from '../../backends/wasm.ts';
import { examplesOf } from '../../contract/operations/classify.ts';
import type { ClassifierLayer } from '../../contract/problem.ts';
import { problemOf } from '../packed-model.ts';
import { batchesOf, type Classifier, countOf, type MultiplyFloat64, predictionsOf } from './classifier.ts';
import { classifiers as shipped } from './classifiers.ts';
import { networks } from './networks.ts';
import { placeClassifier } from './place-classifier.ts';

const classifiers = [
  { name: 'mnist-mlp', leastPct: 98, M: 64 },
  { name: 'supersense', leastPct: 65, M: 40 },
] as const;

const packDense = (classifier: Classifier) => (layer: ClassifierLayer) => ({
  technique: dense,
  params: {},
  packed: dense.pack({ W: classifier.weights(layer.name) }, problemOf(layer, 1), {}),
});

/** X [rows,K] · Wᵀ, one element after another. */
function multiplyExactly(classifier: Classifier): MultiplyFloat64 {
  return (name, X) => {
    const { N, K } = classifier.shape.layers.find((layer) => layer.name === name)!;
    const W = classifier.weights(name);
    return Float64Array.from({ length: (X.length / K) * N }, (_, i) => {
      const [row, n] = [Math.floor(i / N), i % N];
      let sum = 0;
      for (let k = 0; k < K; k++) sum += X[row * K + k] * W[n * K + k];
      return sum;
    });
  };
}

describe.each(classifiers)('$name', ({ name, leastPct, M }) => {
  const classifier = networks[name](shipped[name].tensors());
  const { examples, labels, predictions } = shipped[name].test();
  const classes = classifier.classes.length;
  const [batch] = batchesOf(examples.slice(300), classifier.shape, M);
  const count = countOf(batch);
  const exact = classifier.reference(batch, multiplyExactly(classifier));

  test.each(['ts', 'wasm'] as const)('gives the logits of the float64 forward on %s, again and again', async (kind) => {
    const runtime = kind === 'ts' ? undefined : await openWasm(128, 1);
    const running = await placeClassifier(classifier, packDense(classifier), { M, kind, runtime });
    const other = batchesOf(examples.slice(0, 3), classifier.shape, M)[0];
    const first = running.run(batch).slice();
    running.run(other);
    expect(running.run(batch)).toEqual(first);
    running.dispose();
    const largest = exact.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
    // Roundings of f32, 2⁻²⁴ each, over sums of up to 1536 terms and four layers after another.
    for (const [i, logit] of exact.entries()) expect(Math.abs(first[i] - logit)).toBeLessThan(1e-5 * largest);
  });

  test('takes examples for what its file says that it does', () => {
    expect(predictionsOf(exact, classes, count)).toEqual([...predictions.subarray(300, 300 + count)]);
  });

  test(`is right on at least ${leastPct} % of the shipped examples`, () => {
    const right = labels.filter((label, i) => predictions[i] === label).length;
    expect((100 * right) / labels.length).toBeGreaterThan(leastPct);
    expect(new Set(labels).size).toBe(classes);
  });

  test('batches hold each example once, in order, and no more than there is room for', () => {
    const batches = batchesOf(examples, classifier.shape, M);
    const rows = batches.flatMap(({ inputs }) => [...inputs]);
    expect(rows).toEqual(examples.flatMap((example) => [...example]));
    expect(batches.reduce((sum, each) => sum + countOf(each), 0)).toBe(examples.length);
    for (const { rowStart } of batches) {
      expect(rowStart).toHaveLength(examplesOf(classifier.shape, M) + 1);
      expect(rowStart.at(-1)).toBeLessThanOrEqual(M);
    }
  });
});

test('the largest logit is the prediction, the first of equal ones', () => {
  expect(predictionsOf(Float32Array.of(0, 2, 1, 5, 5, -1), 3, 2)).toEqual([1, 0]);
});
