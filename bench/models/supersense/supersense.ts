// Universal Sentence Encoder lite with a logistic probe upon its embeddings: which of WordNet's 25 supersenses a noun is of, told
// from its gloss. The probe stays as it is; what is compressed are the encoder's ten matrices.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { examplesOf } from '../../contract/operations/classify.ts';
import { classifierShapes, SUPERSENSES } from '../../inputs/classifiers.ts';
import { openUseLite, readUseLiteWeights } from '../../inputs/use-lite/use-lite.ts';
import { readUseLiteConstants } from '../../inputs/use-lite/use-lite-constants.ts';
import { encodeTokens, useLiteTokens } from '../../inputs/use-lite/use-lite-encoder.ts';
import type { Classifier, TestSet } from '../classify/classifier.ts';
import { readTensors } from '../classify/read-tensors.ts';
import { composeEncoder, WIDTH } from './encoder.ts';

const PROBE = join(import.meta.dirname, 'probe.safetensors');
const GLOSSES = join(import.meta.dirname, 'glosses.tsv');

export function openSupersense(): Classifier {
  const constants = readUseLiteConstants(openUseLite());
  const { weight, bias } = readTensors(PROBE);
  const classes = SUPERSENSES.length;
  const shape = classifierShapes.supersense;
  return {
    shape,
    classes: SUPERSENSES,
    weights: readUseLiteWeights,
    compose(M, multiply) {
      const sentences = examplesOf(shape, M);
      const encode = composeEncoder(M, sentences, constants, multiply);
      const logits = new Float32Array(sentences * classes);
      return (batch) => {
        probe(encode(batch), weight, bias, logits);
        return logits;
      };
    },
    reference({ inputs, rowStart }, multiply) {
      const ids = Array.from({ length: rowStart.length - 1 }, (_, e) => [
        ...inputs.subarray(rowStart[e], rowStart[e + 1]),
      ]);
      const { embeddings } = encodeTokens(ids, constants, (matrix, X, added) =>
        multiply(matrix, X).map((y, i) => y + added[i % added.length]),
      );
      const logits = new Float64Array(ids.length * classes);
      probe(embeddings, weight, bias, logits);
      return logits;
    },
  };
}

/** Logits [sentences, classes] of embeddings [sentences, WIDTH]. */
function probe(
  embeddings: Float32Array | Float64Array,
  weight: Float32Array,
  bias: Float32Array,
  logits: Float32Array | Float64Array,
): void {
  for (let i = 0; i < logits.length; i++) {
    const [sentence, c] = [Math.floor(i / bias.length), i % bias.length];
    let sum = bias[c];
    for (let k = 0; k < WIDTH; k++) sum += embeddings[sentence * WIDTH + k] * weight[c * WIDTH + k];
    logits[i] = sum;
  }
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
