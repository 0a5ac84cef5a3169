// A packed model made ready to write a text on, which is the one call that is timed: alone, or by drafts of another model.
import { inOneArena } from '../backends/wasm-arena.ts';
import type { ModelActivations, ModelProblem } from '../contract/problem.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { PreparedKernel } from '../contract/technique.ts';
import { type DraftedText, generateDrafted } from './draft.ts';
import { generate } from './generate.ts';
import type { Drafting, PackedModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { heldEmbeddingBytes } from './prepare-model.ts';
import type { Placement, RunningModel } from './running-model.ts';

export interface Writer {
  /** Takes in all of a text but its last token. */
  takeIn(tokens: readonly number[]): void;
  /** So many tokens after the last one; as often as is liked, from the same place. */
  write(last: number, count: number, kept?: readonly number[]): DraftedText;
  readonly models: readonly RunningModel[];
}

export async function prepareGeneration(
  packed: PackedModel,
  { M, context }: ModelProblem,
  kind: KernelKind,
  runtime: Runtimes[KernelKind],
): Promise<PreparedKernel<'model'>> {
  const place = { kind, runtime, capacity: context + M };
  const { takeIn, write, models } = await openWriter(packed, packed.drafting, place);
  let given: ModelActivations = { tokens: [] };
  let kept: readonly number[] | undefined;
  let output: Float32Array = new Float32Array();
  return {
    async upload(activations) {
      given = activations;
      takeIn(given.tokens);
      kept = await keptByJudge(packed.drafting, activations, place);
    },
    run() {
      const { tokens, count } = given;
      const last = tokens[tokens.length - 1];
      if (count !== undefined) {
        output = Float32Array.from(write(last, count, kept).tokens);
        return;
      }
      models[0].truncate(tokens.length - 1);
      output = models[0].forward([last], 'last');
    },
    readOutput: () => output,
    workspaceBytes:
      models.reduce((sum, { workspaceBytes }) => sum + workspaceBytes, 0) +
      [packed, packed.drafting?.by ?? []].flat().reduce((sum, model) => sum + heldEmbeddingBytes(model), 0),
    kvCacheBytes: models.reduce((sum, { kvCacheBytes }) => sum + kvCacheBytes, 0),
    arithmetic: models[0].arithmetic,
    dispose() {
      for (const model of models) model.dispose();
    },
  };
}

/** Of a model that drafts are written for, or none. */
export async function openWriter(
  packed: PackedModel,
  drafting: Drafting | undefined,
  { kind, runtime, capacity }: Pick<Placement, 'kind' | 'runtime' | 'capacity'>,
): Promise<Writer> {
  const place = { kind, runtime: kind === 'wasm' ? inOneArena(runtime as Runtimes['wasm']) : runtime, capacity };
  const rows = 1 + (drafting?.most ?? 0);
  const draft = drafting && (await placeModel(drafting.by, { ...place, maxRows: 1 }));
  const target = await placeModel(packed, { ...place, maxRows: rows, headRows: rows }).catch((error) => {
    draft?.dispose();
    throw error;
  });
  const models = draft === undefined ? [target] : [target, draft];
  let length = 0;
  return {
    models,
    takeIn(tokens) {
      const before = tokens.slice(0, -1);
      for (const model of models) {
        model.truncate(0);
        if (before.length > 0) model.forward(before, 'last');
      }
      length = before.length;
    },
    write(last, count, kept) {
      for (const model of models) model.truncate(length);
      if (draft === undefined || drafting === undefined) return { tokens: generate(target, [last], count), rounds: [] };
      return generateDrafted(target, draft, [last], count, drafting.most, kept);
    },
  };
}

/** How many tokens of each draft are kept, where another model than the one that is timed says so. */
async function keptByJudge(
  drafting: Drafting | undefined,
  { tokens, count }: ModelActivations,
  place: Pick<Placement, 'kind' | 'runtime' | 'capacity'>,
): Promise<number[] | undefined> {
  if (drafting?.judge === undefined || count === undefined) return undefined;
  return (await writtenBy(drafting.judge, drafting, tokens, count, place)).rounds.map(({ kept }) => kept);
}

/** A text written on by a model that is placed for it alone. */
export async function writtenBy(
  model: PackedModel,
  drafting: Drafting | undefined,
  tokens: readonly number[],
  count: number,
  place: Pick<Placement, 'kind' | 'runtime' | 'capacity'>,
): Promise<DraftedText> {
  const writer = await openWriter(model, drafting, place);
  try {
    writer.takeIn(tokens);
    return writer.write(tokens[tokens.length - 1], count);
  } finally {
    for (const each of writer.models) each.dispose();
  }
}
