// The worker of a page: weighs one case on inputs it fetches.

import { openInPage } from '../../backends/browser/runtime.ts';
import type { PageRuntime } from '../../contract/browser.ts';
import type { Budget } from '../../contract/budget.ts';
import type { Calibration } from '../../contract/calibration.ts';
import type { Case } from '../../contract/case.ts';
import type { Weighed } from '../../contract/case-result.ts';
import type { Inputs } from '../../contract/operation.ts';
import { operationOf } from '../../contract/operations.ts';
import type { Op } from '../../contract/problem.ts';
import type { KernelKind } from '../../contract/runtimes/runtimes.ts';
import type { Technique } from '../../contract/technique.ts';
import { weighCase } from '../../measure/weigh-case.ts';
import { resultOfError } from '../result-of-error.ts';

export interface WeighingTask {
  readonly case: Case;
  readonly budget: Budget;
  readonly runtime: PageRuntime;
  readonly kind: KernelKind;
  readonly device: 'cpu' | 'gpu';
  /** Names of the inputs, which are fetched as `/inputs/<name>`, f32. */
  readonly weights: readonly string[];
  readonly activations: readonly string[];
  /** Of `/inputs/calibration`; missing where the technique looks at none. */
  readonly calibrationRows?: number;
}

export default function start(techniques: ReadonlyMap<string, Technique>): void {
  self.onmessage = async ({ data }: MessageEvent<WeighingTask>) => {
    self.postMessage(await weigh(data, techniques).catch(resultOfError));
  };
}

async function weigh(task: WeighingTask, techniques: ReadonlyMap<string, Technique>): Promise<Weighed> {
  const { case: entry, budget, runtime, kind, device } = task;
  const [technique, dense] = [entry.technique, operationOf(entry.problem.op).baseline].map((id) => techniques.get(id));
  if (technique === undefined || dense === undefined) throw new Error(`${entry.technique}: must be in the bundle`);
  const inputs: Inputs<Op> = {
    weights: await fetchArrays(task.weights),
    activations: await fetchArrays(task.activations),
    calibration: await fetchCalibration(task.calibrationRows),
  };
  const place = { kind, device, runtime: await openInPage(runtime) };
  return weighCase({ case: entry, technique, dense, inputs, budget, place });
}

async function fetchCalibration(rows: number | undefined): Promise<Calibration | undefined> {
  return rows === undefined ? undefined : { X: await fetchArray('calibration'), rows };
}

async function fetchArrays<Arrays extends object>(names: readonly string[]): Promise<Arrays> {
  const arrays = await Promise.all(names.map(async (name) => [name, await fetchArray(name)] as const));
  const byName: object = Object.fromEntries(arrays);
  return byName as Arrays;
}

async function fetchArray(name: string): Promise<Float32Array> {
  const response = await fetch(`/inputs/${name}`);
  if (!response.ok) throw new Error((await response.json()).error);
  return new Float32Array(await response.arrayBuffer());
}
