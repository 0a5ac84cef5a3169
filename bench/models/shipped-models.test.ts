import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHuggingFaceFolder } from '../inputs/model-files/hugging-face-folder.ts';
import { bytePairEncoder } from './training/byte-pair-encoding.ts';
import { readCorpus, SHARED_STRETCH, textOf } from './training/corpus.ts';
import { recipes, textsBeside } from './training/recipes.ts';
import { readTrainedWeights } from './training/trained-model.ts';
import { mean, openTrainer } from './training/trainer.ts';
import { cutWindows } from './training/windows.ts';

const PACKAGES = join(import.meta.dirname, '../../.training/node_modules');
const folderOf = (name: string) => join(import.meta.dirname, name);
const read = (name: string, file: string) => readFileSync(join(folderOf(name), file), 'utf8');
const heldOut = read('moby', 'held-out.txt');
const calibration = read('moby', 'calibration.txt');
const moby = openHuggingFaceFolder(folderOf('moby'));
const shipped = [...recipes.values()].filter(({ name }) => existsSync(folderOf(name)));
/** Of adapters only the factors are shipped; the weights beside them are another model's. */
const whole = shipped.filter(({ adapters }) => adapters === undefined);

/** Whether two texts have as many characters in a row in common as no two parts may. */
function overlap(a: string, b: string): boolean {
  const stretches = new Set<string>();
  for (let i = 0; i + SHARED_STRETCH <= a.length; i++) stretches.add(a.slice(i, i + SHARED_STRETCH));
  for (let i = 0; i + SHARED_STRETCH <= b.length; i++) if (stretches.has(b.slice(i, i + SHARED_STRETCH))) return true;
  return false;
}

test.for(whole)('the held-out loss of $name is the one that its card gives', async (recipe) => {
  const { name, config } = recipe;
  const trainer = await openTrainer(recipe, 2, 128);
  trainer.state[0].set(readTrainedWeights(folderOf(name), config));
  const ids = Int32Array.from(moby.tokenizer.encode(read(textsBeside(recipe), 'held-out.txt')));
  const losses = await trainer.losses(cutWindows(ids, config.contextLength));
  trainer.close();
  const [, loss, tokens] =
    /fp16, as they are here \| ([\d.]+) .*\n(\d+) tokens of/s.exec(read(name, 'README.md')) ?? [];
  expect(mean(losses).toFixed(4)).toBe(loss);
  expect(losses).toHaveLength(Number(tokens));
});

test.for(whole)('$name is of the shape it was trained in, and reads the tokens of moby', ({ name, config }) => {
  expect(openHuggingFaceFolder(folderOf(name)).config).toEqual(config);
  expect(read(name, 'tokenizer.json')).toBe(read('moby', 'tokenizer.json'));
});

test.for(shipped)('$name is small', ({ name }) => {
  const bytes = readdirSync(folderOf(name)).reduce(
    (total, file) => total + statSync(join(folderOf(name), file)).size,
    0,
  );
  expect(bytes).toBeLessThan(name === 'moby' ? 8e6 : 4e6);
});

test('Hugging Face reads its tokenizer as the trainer does, and gives back the text', () => {
  const { model } = JSON.parse(read('moby', 'tokenizer.json'));
  const pairs = model.merges.map((merge: string) => merge.split(' ').map((token) => model.vocab[token]));
  const ids = moby.tokenizer.encode(heldOut);
  expect(ids).toEqual(bytePairEncoder(pairs)(heldOut));
  expect(moby.tokenizer.decode(ids)).toBe(heldOut);
});

test('held-out and calibration text have nothing in common', () => {
  expect(overlap(heldOut, heldOut.slice(0, SHARED_STRETCH))).toBe(true);
  expect(overlap(heldOut, calibration)).toBe(false);
});

test.skipIf(!existsSync(PACKAGES))(
  'they are those of the packages, and nothing of them was trained on (needs npm run training:install)',
  () => {
    const corpus = readCorpus(PACKAGES);
    expect(textOf(corpus.heldOut)).toBe(heldOut);
    expect(textOf(corpus.calibration)).toBe(calibration);
    const train = textOf(corpus.train);
    expect(overlap(heldOut, train)).toBe(false);
    expect(overlap(calibration, train)).toBe(false);
  },
);
