// A network in training: steps over batches of text whose shards are shared out among threads.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { wasmFile } from '../../backends/wasm-file.ts';
import { instantiate } from '../../backends/wasm-instance.ts';
import { newMemory } from '../../backends/wasm-memory.ts';
import { moduleFile } from '../../contract/module-file.ts';
import type { WasmWidth } from '../../contract/runtimes/wasm.ts';
import { allocateTraining } from './memory.ts';
import { rotaryAngles } from './network.ts';
import { parameterCount, parametersOf } from './parameters.ts';
import type { NetworkSettings, OptimizerSettings } from './recipes.ts';
import type { ShardJob, ShardWorkerData } from './shard-worker.ts';

export interface Trainer {
  /** Views of what a checkpoint keeps: the weights, then AdamW's two moments. */
  readonly state: readonly Float32Array[];
  /** The teacher's weights, where there is one. */
  readonly teacher?: Float32Array;
  /** Learns from windows of contextLength + 1 tokens, as many as a batch has; `step` counts from 0. */
  step(windows: readonly Int32Array[], step: number, rate: number): Promise<StepResult>;
  /** The loss of every token after the first of each window, in nats; windows in any number. */
  losses(windows: readonly Int32Array[]): Promise<Float32Array>;
  /** To the f16 in which they are shipped. */
  roundWeights(): void;
  close(): void;
}

export interface StepResult {
  /** Mean over the batch, in nats. */
  readonly loss: number;
  readonly gradientNorm: number;
  /** Of the time of all threads, what the teacher took. */
  readonly teacherShare: number;
}

export async function openTrainer(settings: NetworkSettings, threads: number, width: WasmWidth): Promise<Trainer> {
  const { config, batch, optimizer, trained, teacher, adapters } = settings;
  const memory = newMemory();
  const training = allocateTraining(memory, settings);
  const module = new WebAssembly.Module(readFileSync(wasmFile('training', width)));
  const kernels = instantiate(module, memory);
  const parameters = parametersOf(config, adapters);
  const learning = parameters.filter(({ name }) => trained?.test(name) ?? true);
  const count = parameterCount(config, adapters);
  const floats = (at: number, size: number) => new Float32Array(memory.buffer, at, size);
  const { contextLength } = config;
  floats(training.angles, contextLength * config.headDim).set(rotaryAngles(config));
  const taught = training.teacher;
  if (taught !== undefined && teacher !== undefined)
    floats(taught.angles, contextLength * teacher.config.headDim).set(rotaryAngles(teacher.config));
  const workerData: ShardWorkerData = { module, memory, settings, training };
  const team = await startTeam(workerData, Math.min(threads, batch.shards));
  const batchTokens = batch.shards * batch.sequences * contextLength;

  function place(windows: readonly Int32Array[]): void {
    windows.forEach((window, i) => {
      const { ids, targets } = training.shards[Math.floor(i / batch.sequences)];
      const at = 4 * (i % batch.sequences) * contextLength;
      new Int32Array(memory.buffer, ids + at, contextLength).set(window.subarray(0, -1));
      new Int32Array(memory.buffer, targets + at, contextLength).set(window.subarray(1));
    });
  }

  let teacherMs = 0;
  async function computeLosses(windows: readonly Int32Array[], isTraining: boolean): Promise<Float32Array> {
    place(windows);
    teacherMs = await team.run(batch.shards, { isTraining, scale: 1 / batchTokens });
    const losses = new Float32Array(batchTokens);
    const perShard = batchTokens / batch.shards;
    training.shards.forEach((shard, i) => {
      losses.set(lossesOf(floats(shard.losses, 2 * perShard)), i * perShard);
    });
    return losses.subarray(0, windows.length * contextLength);
  }

  function gradientNorm(): number {
    const [{ gradients }, ...others] = training.shards;
    for (const other of others) kernels.add(gradients, other.gradients, count);
    kernels.sumOfSquares(gradients, count, training.squares);
    return Math.sqrt(new Float64Array(memory.buffer, training.squares, 1)[0]);
  }

  return {
    teacher: taught && teacher && floats(taught.weights, parameterCount(teacher.config)),
    state: [training.weights, ...training.moments].map((at) => floats(at, count)),
    async step(windows, step, rate) {
      const start = performance.now();
      const losses = await computeLosses(windows, true);
      const norm = gradientNorm();
      const scale = Math.min(1, optimizer.clipNorm / norm);
      for (const { offset, length, shape } of learning) {
        const at = [training.weights, training.shards[0].gradients, ...training.moments].map((a) => a + 4 * offset);
        const decay = shape.length === 1 ? 0 : optimizer.weightDecay;
        kernels.adamW(...at, length, scale, rate, decay, ...momentArguments(optimizer, step));
      }
      const allMs = (performance.now() - start) * team.threads;
      return { loss: mean(losses), gradientNorm: norm, teacherShare: teacherMs / allMs };
    },
    async losses(windows) {
      const perPass = batch.shards * batch.sequences;
      const all = new Float32Array(windows.length * contextLength);
      for (let i = 0; i < windows.length; i += perPass) {
        all.set(await computeLosses(windows.slice(i, i + perPass), false), i * contextLength);
      }
      return all;
    },
    roundWeights() {
      for (const { offset, length } of learning) {
        const values = floats(training.weights + 4 * offset, length);
        values.set(new Float16Array(values));
      }
    },
    close: team.close,
  };
}

function momentArguments({ beta1, beta2, epsilon }: OptimizerSettings, step: number): number[] {
  return [beta1, beta2, 1 / (1 - beta1 ** (step + 1)), 1 / (1 - beta2 ** (step + 1)), epsilon];
}

/** From what `crossEntropy` leaves of each token. */
export function lossesOf(parts: Float32Array): Float32Array {
  return Float32Array.from({ length: parts.length / 2 }, (_, i) => Math.log(parts[2 * i + 1]) - parts[2 * i]);
}

export function mean(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

async function startTeam(workerData: ShardWorkerData, threads: number) {
  const workers = Array.from(
    { length: threads },
    () => new Worker(moduleFile('./shard-worker.ts', import.meta.filename), { workerData }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  for (const worker of workers) worker.unref();
  return {
    threads,
    /** Returns the milliseconds that the teacher took of all threads. */
    async run(shards: number, job: Omit<ShardJob, 'shards'>): Promise<number> {
      const ofWorker = (t: number) => Array.from({ length: shards }, (_, i) => i).filter((i) => i % threads === t);
      const done = workers.map(async (worker, t) => {
        worker.ref();
        worker.postMessage({ ...job, shards: ofWorker(t) } satisfies ShardJob);
        const [teacherMs]: number[] = await once(worker, 'message');
        worker.unref();
        return teacherMs;
      });
      return (await Promise.all(done)).reduce((total, ms) => total + ms, 0);
    },
    close: () => {
      for (const worker of workers) void worker.terminate();
    },
  };
}

/** The rate of a step: up to the peak while warming up, down to 0 over the last `decaySteps` before `steps`. */
export function rateAt(step: number, { peakRate, warmUpSteps }: OptimizerSettings, steps: number, decaySteps: number) {
  const rise = (step + 1) / warmUpSteps;
  const fall = decaySteps === 0 ? 1 : (steps - step) / decaySteps;
  return peakRate * Math.min(1, rise, fall);
}
