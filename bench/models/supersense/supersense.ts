// Weights of the encoder and of the probe that tells nouns' supersenses, and the glosses that they are judged by.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUPERSENSES } from '../../inputs/classifiers.ts';
import { openUseLite, readUseLiteWeights } from '../../inputs/use-lite/use-lite.ts';
import { useLiteTokens } from '../../inputs/use-lite/use-lite-encoder.ts';
import { MATRICES } from '../../inputs/use-lite/use-lite-matrices.ts';
import type { TestSet } from '../classify/classifier.ts';
import { readTensors } from '../classify/read-tensors.ts';

const PROBE = join(import.meta.dirname, 'probe.safetensors');
const GLOSSES = join(import.meta.dirname, 'glosses.tsv');

export function supersenseTensors(): (name: string) => Float32Array {
  const [encoder, probe] = [openUseLite(), readTensors(PROBE)];
  return (name) => {
    if (name in MATRICES) return readUseLiteWeights(name);
    return probe[name] ?? encoder.read(name).data;
  };
}

/** 2000 glosses, drawn from all that have some 4 to 24 tokens; the probe was trained on others. */
export function supersenseTest(): TestSet {
  const lines = readFileSync(GLOSSES, 'utf8').trimEnd().split('\n');
  const [labels, predictions, glosses] = [0, 1, 2].map((column) => lines.map((line) => line.split('\t')[column]));
  const numbers = (names: readonly string[]) => Uint8Array.from(names, (name) => SUPERSENSES.indexOf(name));
  return {
    examples: useLiteTokens(glosses).map((ids) => Float32Array.from(ids)),
    labels: numbers(labels),
    predictions: numbers(predictions),
  };
}
