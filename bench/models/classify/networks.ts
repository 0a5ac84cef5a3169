import type { ClassifierName } from '../../inputs/classifiers.ts';
import { mnistMlp } from '../mnist-mlp/network.ts';
import { supersense } from '../supersense/network.ts';
import type { Network } from './classifier.ts';

export const networks: Readonly<Record<ClassifierName, Network>> = { supersense, 'mnist-mlp': mnistMlp };
