import type { ClassifierName } from '../../inputs/classifiers.ts';
import { mnistTest, openMnistMlp } from '../mnist-mlp/mnist-mlp.ts';
import { openSupersense, supersenseTest } from '../supersense/supersense.ts';
import type { Classifier, TestSet } from './classifier.ts';

/** The networks that are shipped, each with the examples it is judged by. */
export const classifiers: { readonly [Name in ClassifierName]: { open(): Classifier; test(): TestSet } } = {
  supersense: { open: openSupersense, test: supersenseTest },
  'mnist-mlp': { open: openMnistMlp, test: mnistTest },
};
