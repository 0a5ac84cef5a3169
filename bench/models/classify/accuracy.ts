// How often a compressed classifier is right, beside the uncompressed one on the same examples.
import type { Accuracy } from '../../contract/case-result.ts';
import { matchedDifferenceInterval } from '../../statistics/matched-proportions.ts';
import { batchesOf, countOf, predictionsOf, type TestSet } from './classifier.ts';
import type { PackedClassifier } from './classify-technique.ts';
import { type ClassifierPlacement, placeClassifier } from './place-classifier.ts';

/** Rows of input at once, whatever was timed. */
const M = 256;

export async function scoreClassifier(
  { classifier, layers }: PackedClassifier,
  test: TestSet,
  place: Omit<ClassifierPlacement, 'M'>,
): Promise<Accuracy> {
  const running = await placeClassifier(classifier, ({ name }) => layers.get(name)!, { ...place, M });
  try {
    const predictions = batchesOf(test.examples, classifier.shape, M).flatMap((batch) =>
      predictionsOf(running.run(batch), classifier.classes.length, countOf(batch)),
    );
    return accuracyOf(predictions, test);
  } finally {
    running.dispose();
  }
}

export function accuracyOf(predictions: readonly number[], test: Omit<TestSet, 'examples'>): Accuracy {
  const n = predictions.length;
  const isRight = predictions.map((prediction, i) => prediction === test.labels[i]);
  const wasRight = Array.from(test.predictions, (prediction, i) => prediction === test.labels[i]);
  const gained = isRight.filter((right, i) => right && !wasRight[i]).length;
  const lost = isRight.filter((right, i) => !right && wasRight[i]).length;
  const { low, high } = matchedDifferenceInterval(gained, lost, n);
  return {
    examples: n,
    accuracyPct: (100 * isRight.filter(Boolean).length) / n,
    changePct: (100 * (gained - lost)) / n,
    changeCi95: { low: 100 * low, high: 100 * high },
  };
}
