// A text beside a model that is looked up while it predicts (kNN-LM, Khandelwal et al., arXiv 1911.00172): at every token, the state
// that the head reads and the token that came next. What came next at the states nearest to the present one is mixed into the
// prediction.
import type { LinearLayer } from '../../contract/model.ts';
import type { Params, Technique } from '../../contract/technique.ts';

export interface Datastore {
  /** States [entries, hiddenSize], packed as the weights of a product, whose rows then are products of a state with all of them. */
  readonly keys: { readonly technique: Technique; readonly params: Params; readonly packed: unknown };
  /** Half the squared length of each key as it was packed. */
  readonly halfNorms: Float32Array;
  /** Token that came after each. */
  readonly followers: Uint16Array | Uint32Array;
  readonly mix: Mix;
  /** Of a state. */
  readonly hiddenSize: number;
}

export interface Mix {
  readonly neighbours: number;
  /** Half of squared distances are divided by it. */
  readonly temperature: number;
  /** Of what followed at the neighbours, in the prediction: at least 0, below 1. */
  readonly share: number;
}

/** What its keys are packed and placed as. */
export function keysLayer({ followers, hiddenSize }: Pick<Datastore, 'followers' | 'hiddenSize'>): LinearLayer {
  return { name: 'datastore', part: 'head', N: followers.length, K: hiddenSize };
}

/** All of it together, keys and what stands beside them. */
export function bytesOfDatastore({ keys, halfNorms, followers }: Datastore): number {
  const { values, indices, scales, corrections = 0 } = keys.technique.bytes(keys.packed);
  return values + indices + scales + corrections + halfNorms.byteLength + followers.byteLength;
}
