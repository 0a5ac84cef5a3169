// A case's classifier and the uncompressed one, made ready to be weighed: the same in this process and in a page.
import type { Calibration } from '../../contract/calibration.ts';
import type { Accuracy } from '../../contract/case-result.ts';
import type { Inputs } from '../../contract/operation.ts';
import type { ClassifierLayer, ClassifyActivations } from '../../contract/problem.ts';
import type { Technique } from '../../contract/technique.ts';
import type { Choice } from '../packed-model.ts';
import { scoreClassifier } from './accuracy.ts';
import type { Classifier, TestSet } from './classifier.ts';
import { classifyTechnique, packClassifier } from './classify-technique.ts';
import type { ClassifierPlacement } from './place-classifier.ts';

export interface WeighedClassifier {
  readonly technique: Technique;
  readonly dense: Technique;
  readonly inputs: Inputs<'classify'>;
  /** Missing where nothing is scored. */
  readonly score?: (place: Omit<ClassifierPlacement, 'M'>) => Promise<{ readonly accuracy: Accuracy }>;
}

export function weighedClassifier(
  classifier: Classifier,
  choice: Choice & { readonly calibrationOf: (layer: ClassifierLayer) => Calibration | undefined },
  dense: Technique,
  batches: { readonly activations: ClassifyActivations; readonly checked: ClassifyActivations },
  tested: TestSet | undefined,
): WeighedClassifier {
  const candidate = packClassifier(classifier, choice, dense, choice.calibrationOf);
  const uncompressed = { technique: dense, params: {} };
  const baseline = packClassifier(classifier, uncompressed, dense, () => undefined);
  return {
    technique: classifyTechnique(choice, candidate),
    dense: classifyTechnique(uncompressed, baseline),
    // The network has its weights: what is handed on says nothing that the techniques look at.
    inputs: { weights: { logits: () => new Float64Array(), roundsActivations: false }, ...batches },
    score: tested && (async (place) => ({ accuracy: await scoreClassifier(candidate, tested, place) })),
  };
}
