// One shard of a batch: what it scores, and what it learns from its text and, where there is one, from a teacher.
import type { Exports } from '../../backends/wasm-instance.ts';
import type { TrainingMemory } from './memory.ts';
import { network } from './network.ts';
import { parameterCount } from './parameters.ts';
import type { NetworkSettings } from './recipes.ts';

export interface Shard {
  /** Leaves the losses of its tokens. Both return the milliseconds that the teacher took. */
  score(): number;
  /** And the gradients of `scale` times their sum. */
  learn(scale: number): number;
}

export function shardOf(kernels: Exports, settings: NetworkSettings, training: TrainingMemory, i: number): Shard {
  const { config, batch, teacher } = settings;
  const { logits, targets, losses, gradients, ids, panelsA } = training.shards[i];
  const tokens = batch.sequences * config.contextLength;
  const student = network(kernels, settings, training, training.shards[i]);
  const taught =
    teacher === undefined || training.teacher === undefined ? undefined : teacherOf(teacher, training.teacher);

  function teacherOf(
    { config, temperature, share }: NonNullable<NetworkSettings['teacher']>,
    memory: NonNullable<TrainingMemory['teacher']>,
  ) {
    const shard = { ...memory.shards[i], ids };
    const { forward } = network(kernels, { config, batch }, memory, shard);
    return { forward, logits: shard.logits, temperature, share };
  }

  function crossEntropy(scale: number): void {
    kernels.crossEntropy(logits, targets, losses, tokens, config.vocabularySize, scale);
  }

  function distil(
    { forward, temperature, share, logits: ofTeacher }: NonNullable<typeof taught>,
    scale: number,
  ): number {
    const start = performance.now();
    forward();
    const ms = performance.now() - start;
    const sizes = [tokens, config.vocabularySize, scale, temperature, share];
    kernels.distil(logits, ofTeacher, targets, losses, panelsA, ...sizes);
    return ms;
  }

  return {
    score() {
      student.forward();
      crossEntropy(0);
      return 0;
    },
    learn(scale) {
      student.forward();
      const ms = taught === undefined ? 0 : distil(taught, scale);
      if (taught === undefined) crossEntropy(scale);
      kernels.clear(gradients, parameterCount(config, settings.adapters));
      student.backward(scale);
      return ms;
    },
  };
}
