import type { ClassifierName } from '../../inputs/classifiers.ts';
import { mnistTensors, mnistTest } from '../mnist-mlp/mnist-mlp.ts';
import { supersenseTensors, supersenseTest } from '../supersense/supersense.ts';
import type { TestSet } from './classifier.ts';

/** What is shipped of each network: its tensors by their names, and the examples it is judged by. */
export const classifiers: {
  readonly [Name in ClassifierName]: { tensors(): (name: string) => Float32Array; test(): TestSet };
} = {
  supersense: { tensors: supersenseTensors, test: supersenseTest },
  'mnist-mlp': { tensors: mnistTensors, test: mnistTest },
};
