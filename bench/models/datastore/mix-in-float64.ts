// The shortest right search, which kernels are held against.
import { problemOf, unpackLayer } from '../packed-model.ts';
import { type Datastore, keysLayer } from './datastore.ts';
import { mixIn, type Neighbour } from './mix-in.ts';

/** The keys nearest to a state [hiddenSize], the nearest first, as they were packed and as their kernel rounds the state. */
export function searchFloat64(store: Datastore): (state: Float64Array) => Neighbour[] {
  const { keys, halfNorms, hiddenSize, mix } = store;
  const { technique, params, packed } = keys;
  const layer = keysLayer(store);
  const unpacked = unpackLayer(layer, keys);
  return (state) => {
    const X = Float32Array.from(state);
    const rounded = technique.quantizeActivations?.({ X }, problemOf(layer, 1), params, packed)?.activations;
    const query = rounded !== undefined && 'X' in rounded ? rounded.X : state;
    const all = Array.from(halfNorms, (half, index) => {
      let value = -half;
      for (let d = 0; d < hiddenSize; d++) value += query[d] * unpacked[index * hiddenSize + d];
      return { index, value };
    });
    return all.sort((a, b) => b.value - a.value).slice(0, mix.neighbours);
  };
}

export function mixInFloat64(store: Datastore): (logits: Float64Array, state: Float64Array) => void {
  const search = searchFloat64(store);
  return (logits, state) => mixIn(logits, search(state), store.followers, store.mix);
}
