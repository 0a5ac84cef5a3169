// Many compressions of one model, each held against the uncompressed one, whose predictions are remembered.
import type { Score } from '../contract/case-result.ts';
import { blockOf, EMBEDDING, type ModelConfig } from '../contract/model.ts';
import { type Window, windowTokens } from '../inputs/text-windows.ts';
import type { Entrance } from './compose-model.ts';
import type { PackedLayer, PackedModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { rememberLogits } from './remembered-logits.ts';
import type { Placement, RunningModel } from './running-model.ts';
import { scoreWindows } from './score-text.ts';
import { scoreOf } from './score-tokens.ts';

const ROWS_AT_ONCE = 64;

export interface Scorer {
  score(candidate: PackedModel): Promise<Score>;
  /** For scores of the uncompressed model with a few layers exchanged: it is placed once for all of them. */
  openExchange(): Promise<Exchange>;
}

export interface Exchange {
  /** With these layers, by the names of their weights, in place of its own. */
  score(layers: ReadonlyMap<string, PackedLayer>): Promise<Score>;
  dispose(): void;
}

export async function openScorer(
  dense: PackedModel,
  windows: readonly Window[],
  place: Pick<Placement, 'kind' | 'runtime'>,
  seed: number,
): Promise<Scorer> {
  const placement = { ...place, maxRows: ROWS_AT_ONCE, capacity: windowTokens(dense.config) };
  const uncompressed = await placeModel(dense, placement);
  const remembered = rememberLogits(uncompressed, (asked) => scoreWindows(asked, asked, windows));
  uncompressed.dispose();
  const scored = async (placing: Promise<Pick<RunningModel, 'forward' | 'truncate' | 'dispose'>>) => {
    const model = await placing;
    try {
      return scoreOf(scoreWindows(remembered(), model, windows), seed);
    } finally {
      model.dispose();
    }
  };
  return {
    score: (candidate) => scored(placeModel(candidate, placement)),
    async openExchange() {
      const { rowsBefore, onBlock } = rememberRows(dense.config, windows);
      const placed = await placeModel(dense, { ...placement, onBlock });
      scoreWindows(placed, placed, windows);
      return {
        async score(layers) {
          const block = firstBlock(layers.keys(), dense.config);
          if (block === 0) return scored(placed.withLayers(layers));
          return scored(placed.withLayers(layers, rowsBefore(block)).then(takingRowsInOrder));
        },
        dispose: () => placed.dispose(),
      };
    },
  };
}

/** The first block that any of the layers changes: 0 where one is the embedding too, which all blocks come after. */
function firstBlock(names: Iterable<string>, { layers }: ModelConfig): number {
  return Math.min(...[...names].map((name) => (name === EMBEDDING ? 0 : (blockOf(name) ?? layers))));
}

/** What comes to each block of the uncompressed model is the same for all that differ from it further on: nothing before is computed again. */
function rememberRows({ layers, hiddenSize }: ModelConfig, windows: readonly Window[]) {
  const rows = windows.reduce((sum, { before, predicted }) => sum + before.length + predicted.length - 1, 0);
  const seen = Array.from({ length: layers + 1 }, () => ({ x: new Float32Array(rows * hiddenSize), next: 0 }));
  const onBlock = (block: number, x: Float32Array) => {
    seen[block].x.set(x, seen[block].next);
    seen[block].next += x.length;
  };
  const rowsBefore = (block: number): Entrance => {
    return { block, rows, lookUp: (row) => seen[block].x.subarray(row * hiddenSize, (row + 1) * hiddenSize) };
  };
  return { onBlock, rowsBefore };
}

/** For each token that it is given, the next of the rows that were remembered. */
function takingRowsInOrder(model: RunningModel): Pick<RunningModel, 'forward' | 'truncate' | 'dispose'> {
  let next = 0;
  return {
    forward: (tokens, want) =>
      model.forward(
        Array.from(tokens, () => next++),
        want,
      ),
    truncate: (length) => model.truncate(length),
    dispose: () => model.dispose(),
  };
}
