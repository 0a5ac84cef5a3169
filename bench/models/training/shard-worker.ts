// A thread that computes shards of batches.
import { parentPort, workerData } from 'node:worker_threads';
import { instantiate } from '../../backends/wasm-instance.ts';
import type { ModelConfig } from '../../contract/model.ts';
import type { TrainingMemory } from './memory.ts';
import { network } from './network.ts';
import { parameterCount } from './parameters.ts';

export interface ShardWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly config: ModelConfig;
  readonly training: TrainingMemory;
  readonly sequences: number;
}

export interface ShardJob {
  readonly shards: readonly number[];
  /** Losses alone are wanted otherwise. */
  readonly isTraining: boolean;
  /** Of a token's loss in what gradients are taken of. */
  readonly scale: number;
}

const { module, memory, config, training, sequences }: ShardWorkerData = workerData;
const kernels = instantiate(module, memory);
const networks = training.shards.map((shard) => network(kernels, config, training, shard, sequences));
parentPort?.on('message', ({ shards, isTraining, scale }: ShardJob) => {
  for (const i of shards) {
    networks[i].forward(scale);
    if (!isTraining) continue;
    kernels.clear(training.shards[i].gradients, parameterCount(config));
    networks[i].backward();
  }
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
