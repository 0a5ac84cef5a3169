// A packed model made ready for the one call that is timed.
import { linearLayers } from '../contract/model.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { PreparedKernel } from '../contract/technique.ts';
import { isUncompressed, type PackedModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';

/** Decoding takes the last token in, after those before it; a prefill takes them all from the beginning. */
export async function prepareModel(
  packed: PackedModel,
  { phase, M, context }: ModelProblem,
  kind: KernelKind,
  runtime: Runtimes[KernelKind],
): Promise<PreparedKernel<'model'>> {
  const model = await placeModel(packed, { maxRows: M, headRows: 1, capacity: context + M, kind, runtime });
  let tokens: readonly number[] = [];
  let position = 0;
  let logits: Float32Array = new Float32Array();
  return {
    upload(activations) {
      const before = phase === 'decode' ? activations.tokens.slice(0, -1) : [];
      tokens = activations.tokens.slice(before.length);
      model.truncate(0);
      if (before.length > 0) model.forward(before, 'last');
      if (activations.context !== undefined) model.stretch(activations.context);
      position = model.length;
    },
    run() {
      model.truncate(position);
      logits = model.forward(tokens, 'last');
    },
    readOutput: () => logits,
    workspaceBytes: model.workspaceBytes + heldEmbeddingBytes(packed),
    kvCacheBytes: model.kvCacheBytes,
    arithmetic: model.arithmetic,
    dispose: () => model.dispose(),
  };
}

/** Where a compressed head is tied, tokens are looked up in its weights as f32. */
export function heldEmbeddingBytes({ config, choiceOf }: PackedModel): number {
  const head = linearLayers(config).at(-1)!;
  const isHeld = config.isHeadTied && !isUncompressed(choiceOf(head));
  return isHeld ? 4 * config.vocabularySize * config.hiddenSize : 0;
}
