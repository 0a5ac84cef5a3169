// One case in one process: its inputs, the machine's state before and after, and between them what the case comes to.

import { backendOf } from '../backends/backend.ts';
import { loadTechnique } from '../cases/registry.ts';
import type { Backend } from '../contract/backend.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult, Weighed } from '../contract/case-result.ts';
import type { Inputs } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { Op, Problem, WeightsOf } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import { calibrationFor } from '../inputs/make-calibration.ts';
import { makeInputs } from '../inputs/make-inputs.ts';
import { openCanary } from '../measure/canary/canary.ts';
import { weighCase } from '../measure/weigh-case.ts';
import { canaryNs, loadAverage, shortHash } from './environment.ts';
import { loadCached } from './load-cached.ts';

export interface RunCaseOptions {
  /** Told what the process is at: `packing` and `packed`, where weights are not in the cache. */
  readonly tell?: (stage: string) => void;
  /** Measures where that is not this process, as in the page of tare serve. */
  readonly weighElsewhere?: (inputs: Inputs<Op>) => Promise<Weighed>;
}

/** The inputs are made here and the machine is looked at here, wherever the case is measured. */
export async function runCase(
  request: CaseRequest,
  { tell, weighElsewhere }: RunCaseOptions = {},
): Promise<CaseResult> {
  const { problem, params, technique: id, backend: backendId } = request.case;
  const backend = backendOf(backendId);
  const technique = await loadCached(id, request.kernelsDirs, tell);
  const dense = await loadTechnique(operationOf(problem.op).baseline, request.kernelsDirs);
  const reason = technique.skip?.(problem, params);
  if (reason !== undefined) return { status: 'skipped', reason };
  if (technique.kernels[backend.kind] === undefined) {
    return { status: 'unsupported', reason: `${id} has no ${backend.kind} kernel` };
  }
  const loadBefore = loadAverage();
  const canary = canaryNs();
  const calibration = calibrationFor(technique, params, problem);
  const inputs = { ...makeInputs(problem), calibration };
  const inputHash = hashOf(inputs);
  const nonfinite = findNonfinite(inputs.weights);
  if (nonfinite !== undefined) return { status: 'error', reason: nonfinite, inputHash };

  const weighed = await (weighElsewhere?.(inputs) ?? weighAt(request, backend, technique, dense, inputs));
  return {
    ...weighed,
    caveat: [caveatOfInputs(problem), weighed.caveat].filter(Boolean).join('; ') || undefined,
    inputHash,
    loadBefore,
    loadAfter: loadAverage(),
    canaryNs: canary,
  };
}

function hashOf({ weights, activations, calibration }: Inputs<Op>): string {
  const looked = calibration === undefined ? [] : [calibration.X];
  return shortHash(...Object.values(weights), ...Object.values(activations), ...looked);
}

function caveatOfInputs(problem: Problem): string | undefined {
  if (problem.op !== 'matmul' || problem.file === undefined) return undefined;
  return 'synthetic activations, since a file of weights has none';
}

async function weighAt(
  request: CaseRequest,
  backend: Backend,
  technique: Technique,
  dense: Technique,
  inputs: Inputs<Op>,
): Promise<CaseResult> {
  if (backend.page !== undefined) {
    // What drives a browser takes as long to load as all the rest, and few cases run in one.
    const { weighInPage } = await import('./page/weigh-in-page.ts');
    return weighInPage(request, backend, inputs);
  }
  const { kind, device, open, threads } = backend;
  const runtime = await open(threads(request.threads));
  const canary = device === 'cpu' ? await openCanary() : undefined;
  const place = { kind, device, runtime, preemptions: involuntarySwitches, canary };
  const weighed = await weighCase({ ...request, technique, dense, inputs, place });
  return { ...weighed, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}

function findNonfinite(weights: WeightsOf<Op>): string | undefined {
  for (const [name, values] of Object.entries<unknown>({ ...weights })) {
    if (!(values instanceof Float32Array)) continue;
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `weights: must be finite, got ${values[at]} at ${name}[${at}]`;
  }
  return undefined;
}
