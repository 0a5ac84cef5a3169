// A datastore made of a text, and how much of it is mixed in, which another text decides.
import { largestOf } from '../../../kernels/transformer/largest.ts';
import { openWasm } from '../../backends/wasm.ts';
import type { Runtimes } from '../../contract/runtimes/runtimes.ts';
import { type Window, windowTokens } from '../../inputs/text-windows.ts';
import { seededRandom, shuffled } from '../../statistics/random.ts';
import { type Choice, type PackedModel, problemOf, unpackLayer } from '../packed-model.ts';
import { placeModel } from '../place-model.ts';
import { type Datastore, keysLayer, type Mix } from './datastore.ts';
import { logSumExp, type Neighbour } from './mix-in.ts';

const ROWS_AT_ONCE = 32;
/** The paper takes 1024 of 100 million keys; here 16, 32 and 256 of 40 000 predict alike. */
const NEIGHBOURS = 32;
const SHARES = Array.from({ length: 41 }, (_, i) => i / 100);
/** Times the mean difference between the nearest key and the last that is looked at. */
const TEMPERATURES = Array.from({ length: 10 }, (_, i) => 2 ** (i - 8));
const SEED = 1;

export interface Texts {
  /** Whose tokens become entries, from half a window of what comes before each. */
  readonly stored: readonly Window[];
  readonly calibration: readonly Window[];
}

/** Keys are packed by the technique that is chosen. `isShuffled` gives each key the token that followed at another. */
export async function buildDatastore(
  model: PackedModel,
  texts: Texts,
  keysBy: Choice,
  isShuffled: boolean,
): Promise<Datastore> {
  const { hiddenSize, vocabularySize } = model.config;
  const entries = texts.stored.reduce((sum, { predicted }) => sum + predicted.length, 0);
  const states = new Float32Array(entries * hiddenSize);
  const followed = vocabularySize > 2 ** 16 ? new Uint32Array(entries) : new Uint16Array(entries);
  const runtime = await openWasm(128, 1);
  let at = 0;
  await walk(model, texts.stored, runtime, (chunk) => {
    states.set(chunk.states, at * hiddenSize);
    followed.set(chunk.followers, at);
    at += chunk.followers.length;
  });
  const order = isShuffled ? shuffled(followed.keys(), seededRandom(SEED)) : [...followed.keys()];
  const followers = followed.map((_, i) => followed[order[i]]);
  const layer = keysLayer({ followers, hiddenSize });
  const { technique, params } = keysBy;
  const keys = { technique, params, packed: technique.pack({ W: states }, problemOf(layer, 1), params) };
  const halfNorms = halfNormsOf(unpackLayer(layer, keys), hiddenSize);
  const store = { keys, halfNorms, followers, hiddenSize };
  return { ...store, mix: await chooseMix(model, texts.calibration, store, runtime) };
}

export function halfNormsOf(keys: Float32Array, hiddenSize: number): Float32Array {
  return Float32Array.from({ length: keys.length / hiddenSize }, (_, i) => {
    let sum = 0;
    for (let d = 0; d < hiddenSize; d++) sum += keys[i * hiddenSize + d] ** 2;
    return sum / 2;
  });
}

interface Chunk {
  /** [tokens, hiddenSize] and [tokens, vocabularySize] */
  readonly states: Float32Array;
  readonly logits: Float32Array;
  /** [tokens] */
  readonly followers: readonly number[];
}

/** Each token of the text that is predicted, some at a time: what the head reads, what it answers and what came. */
async function walk(
  packed: PackedModel,
  windows: readonly Window[],
  runtime: Runtimes['wasm'],
  see: (chunk: Chunk) => void,
): Promise<void> {
  const { hiddenSize } = packed.config;
  const seen: Float32Array[] = [];
  const model = await placeModel(packed, {
    kind: 'wasm',
    runtime,
    maxRows: ROWS_AT_ONCE,
    capacity: windowTokens(packed.config),
    onActivations: ({ part }, x) => void (part === 'head' && seen.push(x.slice())),
  });
  for (const { before, predicted } of windows) {
    model.truncate(0);
    if (before.length > 1) model.forward(before.slice(0, -1), 'last');
    const predicting = [...before.slice(-1), ...predicted.slice(0, -1)];
    for (let from = 0; from < predicting.length; from += ROWS_AT_ONCE) {
      seen.length = 0;
      const logits = model.forward(predicting.slice(from, from + ROWS_AT_ONCE), 'all');
      const states = new Float32Array(seen.length * hiddenSize);
      for (const [row, state] of seen.entries()) states.set(state, row * hiddenSize);
      see({ states, logits, followers: predicted.slice(from, from + seen.length) });
    }
  }
  model.dispose();
}

/** What is most likely on the calibration text, of a grid of temperatures and shares. */
async function chooseMix(
  model: PackedModel,
  windows: readonly Window[],
  store: Omit<Datastore, 'mix'>,
  runtime: Runtimes['wasm'],
): Promise<Mix> {
  const seen: { readonly chance: number; readonly near: readonly Neighbour[]; readonly isRight: readonly boolean[] }[] =
    [];
  const search = await openSearch(store, runtime);
  await walk(model, windows, runtime, ({ states, logits, followers }) => {
    const found = search.nearest(states, followers.length);
    const vocabulary = logits.length / followers.length;
    for (const [row, token] of followers.entries()) {
      const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary);
      const near = found[row];
      const isRight = near.map(({ index }) => store.followers[index] === token);
      seen.push({ chance: Math.exp(own[token] - logSumExp(own)), near, isRight });
    }
  });
  search.dispose();
  const spread = seen.reduce((sum, { near }) => sum + near[0].value - near[near.length - 1].value, 0) / seen.length;
  let best = { temperature: spread, share: 0, loss: Number.POSITIVE_INFINITY };
  for (const temperature of TEMPERATURES.map((times) => times * spread)) {
    const stored = seen.map(({ near, isRight }) => {
      const weights = near.map(({ value }) => Math.exp((value - near[0].value) / temperature));
      const right = weights.reduce((sum, weight, i) => sum + (isRight[i] ? weight : 0), 0);
      return right / weights.reduce((sum, weight) => sum + weight, 0);
    });
    for (const share of SHARES) {
      const loss = seen.reduce((sum, { chance }, i) => sum - Math.log((1 - share) * chance + share * stored[i]), 0);
      if (loss < best.loss) best = { temperature, share, loss };
    }
  }
  return { neighbours: NEIGHBOURS, temperature: best.temperature, share: best.share };
}

export interface Search {
  /** Of each state, the nearest keys, the nearest first. */
  nearest(states: Float32Array, rows: number): Neighbour[][];
  dispose(): void;
}

/** By the kernel of the technique that packed the keys, for many states at once. */
async function openSearch(store: Omit<Datastore, 'mix'>, runtime: Runtimes['wasm']): Promise<Search> {
  const { keys, halfNorms, hiddenSize } = store;
  const problem = problemOf(keysLayer(store), ROWS_AT_ONCE);
  const { technique, params, packed } = keys;
  const kernel = await technique.kernels.wasm!({ packed, problem, params, runtime });
  return {
    nearest(states, rows) {
      const X = new Float32Array(ROWS_AT_ONCE * hiddenSize);
      X.set(states);
      kernel.upload({ X });
      kernel.run();
      const products = kernel.readOutput() as Float32Array;
      return Array.from({ length: rows }, (_, row) =>
        largestOf(products, row * halfNorms.length, halfNorms, Math.min(NEIGHBOURS, halfNorms.length)),
      );
    },
    dispose: () => kernel.dispose(),
  };
}
