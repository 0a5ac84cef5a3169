// A thread that computes shards of batches.
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from '../../backends/wasm-instance.ts';
import type { TrainingMemory } from './memory.ts';
import type { NetworkSettings } from './recipes.ts';
import { shardOf } from './shard.ts';

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
const kernels = instantiate(module, memory);
const shards = training.shards.map((_, i) => shardOf(kernels, settings, training, i));
parentPort?.on('message', ({ shards: own, isTraining, scale }: ShardJob) => {
  const teacherMs = own.map((i) => (isTraining ? shards[i].learn(scale) : shards[i].score()));
  parentPort?.postMessage(teacherMs.reduce((total, ms) => total + ms, 0));
});
parentPort?.postMessage('ready');
