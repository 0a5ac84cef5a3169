// One case in its own child process: inputs, the machine's state before and after, and between them what the case comes to.

import { backendOf } from '../backends/backend.ts';
import { loadTechnique } from '../cases/registry.ts';
import type { Backend } from '../contract/backend.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult, Weighed } from '../contract/case-result.ts';
import type { Inputs } from '../contract/operation.ts';
import { operationOf } from '../contract/operations.ts';
import type { Op, WeightsOf } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import { makeInputs } from '../inputs/make-inputs.ts';
import { openCanary } from '../measure/canary/canary.ts';
import { weighCase } from '../measure/weigh-case.ts';
import { canaryNs, loadAverage, shortHash } from './environment.ts';
import { weighInPage } from './page/weigh-in-page.ts';

/** `weighElsewhere` takes the part between inputs and figures to another place. */
export async function runCase(
  request: CaseRequest,
  weighElsewhere?: (inputs: Inputs<Op>) => Promise<Weighed>,
): Promise<CaseResult> {
  const { problem, params, technique: id, backend: backendId } = request.case;
  const backend = backendOf(backendId);
  const technique = await loadTechnique(id, request.kernelsDirs);
  const dense = await loadTechnique(operationOf(problem.op).baseline, request.kernelsDirs);
  const reason = technique.skip?.(problem, params);
  if (reason !== undefined) return { status: 'skipped', reason };
  if (technique.kernels[backend.kind] === undefined) {
    return { status: 'unsupported', reason: `${id} has no ${backend.kind} kernel` };
  }
  const loadBefore = loadAverage();
  const canary = canaryNs();
  const inputs = makeInputs(problem);
  const inputHash = shortHash(...Object.values(inputs.weights), ...Object.values(inputs.activations));
  const nonfinite = findNonfinite(inputs.weights);
  if (nonfinite !== undefined) return { status: 'error', reason: nonfinite, inputHash };

  const weighed = await (weighElsewhere?.(inputs) ?? weighAt(request, backend, technique, dense, inputs));
  return {
    ...weighed,
    inputHash,
    loadBefore,
    loadAfter: loadAverage(),
    canaryNs: canary,
  };
}

async function weighAt(
  request: CaseRequest,
  backend: Backend,
  technique: Technique,
  dense: Technique,
  inputs: Inputs<Op>,
): Promise<CaseResult> {
  if (backend.page !== undefined) return weighInPage(request, backend, inputs);
  const { kind, device, open, threads } = backend;
  const runtime = await open(threads(request.threads));
  const canary = device === 'cpu' ? await openCanary() : undefined;
  const place = { kind, device, runtime, preemptions: involuntarySwitches, canary };
  const { case: entry, budget, bestCanaryCycles } = request;
  const weighed = await weighCase({ case: entry, technique, dense, inputs, budget, place, bestCanaryCycles });
  return { ...weighed, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}

function findNonfinite(weights: WeightsOf<Op>): string | undefined {
  for (const [name, values] of Object.entries<Float32Array>({ ...weights })) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `weights: must be finite, got ${values[at]} at ${name}[${at}]`;
  }
  return undefined;
}
