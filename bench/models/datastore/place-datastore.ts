// A datastore taken to where its model runs: its keys are the weights of one more product, after which the nearest are looked for.
import type { Transformer } from '../../contract/transformer.ts';
import type { PlacedDatastore, PreparedLayer } from '../compose-model.ts';
import type { Datastore } from './datastore.ts';
import { mixIn } from './mix-in.ts';

/** `keys` are placed for one row. */
export function placeDatastore<Slot>(
  { halfNorms, followers, mix }: Datastore,
  keys: PreparedLayer<Slot>,
  transformer: Transformer<Slot>,
): PlacedDatastore {
  const { placed } = keys;
  const nearest = transformer.largest(placed.Y, halfNorms, Math.min(mix.neighbours, halfNorms.length), 1);
  const run = transformer.join([[placed.run], [nearest.run]]);
  return {
    keys,
    mixIn(state, logits) {
      transformer.write(placed.X, 0, state);
      run({ rows: 1, position: 0 });
      mixIn(logits, nearest.read(0), followers, mix);
    },
  };
}
