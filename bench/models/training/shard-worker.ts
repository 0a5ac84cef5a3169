// A thread that computes shards of batches.
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from '../../backends/wasm-instance.ts';
import type { TrainingMemory } from './memory.ts';
import { network } from './network.ts';
import { parameterCount } from './parameters.ts';
import type { NetworkSettings } from './recipes.ts';

export interface ShardWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly settings: NetworkSettings;
  readonly training: TrainingMemory;
}

export interface ShardJob {
  readonly shards: readonly number[];
  /** Losses alone are wanted otherwise. */
  readonly isTraining: boolean;
  /** Of a token's loss in what gradients are taken of. */
  readonly scale: number;
}

const { module, memory, settings, training }: ShardWorkerData = workerData;
const { config, batch } = settings;
const kernels = instantiate(module, memory);
const networks = training.shards.map((shard) => network(kernels, settings, training, shard));
const tokens = batch.sequences * config.contextLength;
parentPort?.on('message', ({ shards, isTraining, scale }: ShardJob) => {
  for (const i of shards) {
    const { logits, targets, losses, gradients } = training.shards[i];
    networks[i].forward();
    kernels.crossEntropy(logits, targets, losses, tokens, config.vocabularySize, scale);
    if (!isTraining) continue;
    kernels.clear(gradients, parameterCount(config));
    networks[i].backward();
  }
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
