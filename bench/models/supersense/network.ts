// Universal Sentence Encoder lite with a logistic probe upon its embeddings: which of WordNet's 25 supersenses a noun is of, told
// from its gloss. The probe stays as it is; what is compressed are the encoder's ten matrices.
import { examplesOf } from '../../contract/operations/classify.ts';
import { classifierShapes, SUPERSENSES } from '../../inputs/classifiers.ts';
import { readUseLiteConstants } from '../../inputs/use-lite/use-lite-constants.ts';
import { encodeTokens } from '../../inputs/use-lite/use-lite-layers.ts';
import type { Network } from '../classify/classifier.ts';
import { composeEncoder, WIDTH } from './encoder.ts';

/** Matrices go by the names of layers, the probe's `weight` and `bias` by theirs, all else by those of tfjs. */
export const supersense: Network = (tensor) => {
  const constants = readUseLiteConstants(tensor);
  const [weight, bias] = [tensor('weight'), tensor('bias')];
  const classes = SUPERSENSES.length;
  const shape = classifierShapes.supersense;
  return {
    shape,
    classes: SUPERSENSES,
    weights: tensor,
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
};

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
