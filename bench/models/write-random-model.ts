// Models of random weights, as folders that Hugging Face's libraries read: for what depends on an architecture or a size and
// not on what a model has learnt.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EMBEDDING, linearLayers, type ModelConfig, otherTensors } from '../contract/model.ts';
import { type NewTensor, writeF16Safetensors } from '../inputs/safetensors-write.ts';
import { type Random, seededRandom } from '../statistics/random.ts';
import { byteLetters, byteLevelTokenizer, END_OF_TEXT } from './byte-level-tokenizer.ts';
import { huggingFaceConfig } from './hugging-face-config.ts';

/** huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, config.json */
export const SMOLLM2_135M: ModelConfig = {
  architecture: 'llama',
  vocabularySize: 49152,
  hiddenSize: 576,
  feedForwardSize: 1536,
  layers: 30,
  heads: 9,
  keyValueHeads: 3,
  headDim: 64,
  normEpsilon: 1e-5,
  contextLength: 8192,
  ropeTheta: 100_000,
  isHeadTied: true,
  hasQkvBias: false,
  hasOutputBias: false,
  hasQkNorm: false,
  activation: 'silu',
};

/** Letters of a token at most. */
const LONGEST_TOKEN = 8;

/** Writes config.json, model.safetensors (F16) and tokenizer.json. Equal arguments write equal files. */
export function writeRandomModel(folder: string, config: ModelConfig, seed: number): void {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: object) => writeFileSync(join(folder, file), JSON.stringify(content, null, 2));
  write('config.json', huggingFaceConfig(config, 0));
  write('tokenizer.json', randomTokenizer(config.vocabularySize, seededRandom(seed, 1)));
  writeF16Safetensors(join(folder, 'model.safetensors'), randomTensors(config, seededRandom(seed)));
}

/** Matrices that keep the size of what they multiply, gains around 1 and small biases. */
function randomTensors(config: ModelConfig, { gaussian }: Random): Record<string, NewTensor> {
  const { vocabularySize, hiddenSize } = config;
  const shapes = new Map<string, readonly number[]>([
    [EMBEDDING, [vocabularySize, hiddenSize]],
    ...linearLayers(config).map(({ name, N, K }) => [name, [N, K]] as const),
  ]);
  for (const { name, length, shape = [length] } of otherTensors(config)) if (!shapes.has(name)) shapes.set(name, shape);
  const drawn = [...shapes].map(([name, shape]) => {
    const mean = name.includes('norm') ? 1 : 0;
    const deviation = shape.length === 2 ? 1 / Math.sqrt(shape[1]) : 0.2;
    const values = new Float32Array(shape.reduce((size, length) => size * length));
    for (let i = 0; i < values.length; i++) values[i] = mean + deviation * gaussian();
    return [name, { shape, values }] as const;
  });
  return Object.fromEntries(drawn);
}

/** Merges that join letters at random. */
function randomTokenizer(vocabularySize: number, { uniform }: Random): object {
  const letters = [...'Ġetaoinshrdlucmfwypvbgkjqxz'];
  const merges: [string, string][] = [];
  const tokens = new Set([END_OF_TEXT, ...byteLetters()]);
  const parts = [...letters];
  const draw = () => parts[Math.floor(uniform() * parts.length)];
  while (tokens.size < vocabularySize) {
    const [left, right] = [draw(), draw()];
    const joined = left + right;
    if (joined.length > LONGEST_TOKEN || right.startsWith('Ġ') || tokens.has(joined)) continue;
    tokens.add(joined);
    parts.push(joined);
    merges.push([left, right]);
  }
  return byteLevelTokenizer([...tokens].slice(0, vocabularySize), merges);
}
