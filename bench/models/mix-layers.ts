// Which format each layer of a model takes, so that a model of some size loses least: greedily, one layer's step to a smaller format
// after another, the one first that adds least divergence for the bytes it saves. Steps may pass over formats, so each layer walks down
// the convex hull of its formats, and the mixes are those of the linear relaxation of the multiple-choice knapsack (Sinha & Zoltners,
// Operations Research 27, 1979).

/** A format that a layer could take. */
export interface LayerOption {
  readonly bytes: number;
  /** Of the model's predictions with this layer alone in it: divergences of layers add up as long as they are small. */
  readonly kld: number;
}

export interface Mix {
  /** Of each layer, the option it takes. */
  readonly options: readonly number[];
  readonly bytes: number;
  readonly kld: number;
}

/** From every layer at its largest option to every layer at its smallest, each mix smaller than the one before. */
export function greedyMixes(layers: readonly (readonly LayerOption[])[]): Mix[] {
  const start = layers.map((options) => indexOfBest(options, (a, b) => b.bytes - a.bytes || a.kld - b.kld));
  const mixes = [mixOf(layers, start)];
  for (;;) {
    const { options } = mixes[mixes.length - 1];
    const step = bestStep(layers, options);
    if (step === undefined) return mixes;
    mixes.push(mixOf(layers, options.with(step.layer, step.option)));
  }
}

function bestStep(layers: readonly (readonly LayerOption[])[], options: readonly number[]) {
  let best: { readonly layer: number; readonly option: number; readonly price: number } | undefined;
  for (const [layer, all] of layers.entries()) {
    const now = all[options[layer]];
    for (const [option, { bytes, kld }] of all.entries()) {
      if (bytes >= now.bytes) continue;
      const price = (kld - now.kld) / (now.bytes - bytes);
      if (best === undefined || price < best.price) best = { layer, option, price };
    }
  }
  return best;
}

function mixOf(layers: readonly (readonly LayerOption[])[], options: readonly number[]): Mix {
  const chosen = options.map((option, layer) => layers[layer][option]);
  const sum = (of: (option: LayerOption) => number) => chosen.reduce((total, option) => total + of(option), 0);
  return { options, bytes: sum(({ bytes }) => bytes), kld: sum(({ kld }) => kld) };
}

function indexOfBest<T>(items: readonly T[], compare: (a: T, b: T) => number): number {
  return items.reduce((best, item, i) => (compare(item, items[best]) < 0 ? i : best), 0);
}

/**
 * The last of a row of mixes that `isGood`, where those before a good one are good: found in as many trials as halving takes.
 * Undefined where not even the first is.
 */
export async function lastGood<T>(mixes: readonly T[], isGood: (mix: T) => Promise<boolean>): Promise<T | undefined> {
  let [good, bad] = [-1, mixes.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await isGood(mixes[middle])) good = middle;
    else bad = middle;
  }
  return mixes[good];
}
