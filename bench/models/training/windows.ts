// Which stretches of the training text make up which batch: a pure function of the step, so that a run can go on anywhere.
import { seededRandom, shuffled } from '../../statistics/random.ts';

/** Windows of length + 1 tokens, the last of which is the first of the next. */
export function cutWindows(ids: Int32Array, length: number, first = 0): Int32Array[] {
  const count = Math.floor((ids.length - 1 - first) / length);
  return Array.from({ length: count }, (_, i) => ids.subarray(first + i * length, first + (i + 1) * length + 1));
}

/** Every epoch sees each window once, in an order of its own and cut at a place of its own. */
export function batchesOf(ids: Int32Array, length: number, batchSize: number, seed: number) {
  const perEpoch = Math.floor((ids.length - length) / length);
  let current = { epoch: -1, windows: [] as Int32Array[] };
  const windowAt = (i: number) => {
    const epoch = Math.floor(i / perEpoch);
    if (epoch !== current.epoch) current = { epoch, windows: epochWindows(ids, length, seed, epoch) };
    return current.windows[i % perEpoch];
  };
  return (step: number) => Array.from({ length: batchSize }, (_, i) => windowAt(step * batchSize + i));
}

function epochWindows(ids: Int32Array, length: number, seed: number, epoch: number): Int32Array[] {
  const random = seededRandom(seed, epoch + 1);
  const first = Math.floor(random.uniform() * length);
  return shuffled(cutWindows(ids, length, first), random);
}
