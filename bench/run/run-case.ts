// One case in one process: its inputs, the machine's state before and after, and between them what the case comes to.

import { backendOf } from '../backends/backend.ts';
import { loadTechnique } from '../cases/registry.ts';
import type { Backend } from '../contract/backend.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult, Weighed } from '../contract/case-result.ts';
import { operationOf } from '../contract/operations.ts';
import { openCanary } from '../measure/canary/canary.ts';
import { openEnergyCounter } from '../measure/energy/powercap.ts';
import type { EnergySource } from '../measure/energy/turn-energy.ts';
import { whyNoNetwork } from '../models/network-kinds.ts';
import { type CaseSubject, layerSubject } from './case-subject.ts';
import { canaryNs, loadAverage } from './environment.ts';
import { loadCached } from './load-cached.ts';
import type { PageInputs } from './page/page-inputs.ts';
import { weighSubject } from './weigh-subject.ts';

export interface RunCaseOptions {
  /** Told what the process is at: `packing` and `packed`, where weights are not in the cache. */
  readonly tell?: (stage: string) => void;
  /** Measures where that is not this process, as in the page of tare serve. */
  readonly weighElsewhere?: (inputs: PageInputs) => Promise<Weighed>;
}

/** The inputs are made here and the machine is looked at here, wherever the case is measured. */
export async function runCase(request: CaseRequest, options: RunCaseOptions = {}): Promise<CaseResult> {
  const { problem, technique: id, backend: backendId } = request.case;
  const backend = backendOf(backendId);
  const technique = await loadCached(id, request.kernelsDirs, options.tell);
  const dense = await loadTechnique(operationOf(problem.op).baseline, request.kernelsDirs);
  const noNetwork = problem.op === operationOf(problem.op).layerOp ? undefined : whyNoNetwork(backend.kind);
  if (noNetwork !== undefined) return { status: 'unsupported', reason: noNetwork };
  const { drafted, datastore, experts } = request.case.params;
  if (backend.page !== undefined && (drafted ?? datastore ?? experts) !== undefined)
    return {
      status: 'unsupported',
      reason:
        'pages are given one model, whole: nothing drafts or is looked up beside it there, and no expert is dropped',
    };
  if (technique.kernels[backend.kind] === undefined) {
    const why = technique.missing?.[backend.kind];
    return {
      status: 'unsupported',
      reason: `${id} has no ${backend.kind} kernel${why === undefined ? '' : `: ${why}`}`,
    };
  }
  const loadBefore = loadAverage();
  const canary = canaryNs();
  const subject = await subjectOf(request, { technique, dense });
  if ('status' in subject) return subject;
  const { forPage, inputHash, nonfinite, caveat } = subject;
  if (nonfinite !== undefined) return { status: 'error', reason: nonfinite, inputHash };

  const weighed = await (options.weighElsewhere?.(forPage) ?? weighAt(request, backend, subject));
  return {
    ...weighed,
    caveat: [caveat, weighed.caveat].filter(Boolean).join('; ') || undefined,
    inputHash,
    loadBefore,
    loadAfter: loadAverage(),
    canaryNs: canary,
  };
}

/** What is weighed, or why nothing is. */
async function subjectOf(
  { case: { problem, params }, scoring, kernelsDirs }: CaseRequest,
  loaded: Pick<CaseSubject, 'technique' | 'dense'>,
): Promise<CaseSubject | CaseResult> {
  if (problem.op !== 'model' && problem.op !== 'classify') return layerSubject(problem, params, loaded);
  // What runs models takes as long to load as all the rest, and few cases are of one.
  if (problem.op === 'classify') {
    const { classifySubject } = await import('./classify-subject.ts');
    return classifySubject(problem, params, loaded, scoring);
  }
  const { modelSubject } = await import('./model-subject.ts');
  return modelSubject(problem, params, loaded, { scoring, kernelsDirs });
}

async function weighAt(request: CaseRequest, backend: Backend, subject: CaseSubject): Promise<CaseResult> {
  if (backend.page !== undefined) {
    // What drives a browser takes as long to load as all the rest, and few cases run in one.
    const { weighInPage } = await import('./page/weigh-in-page.ts');
    return weighInPage(request, backend, subject.forPage);
  }
  const { kind, device, open, threads } = backend;
  const runtime = await open(threads(request.threads));
  const canary = device === 'cpu' ? await openCanary() : undefined;
  const energy = device === 'cpu' ? energyOf(request) : undefined;
  const place = { kind, device, runtime, preemptions: involuntarySwitches, canary, energy };
  const weighed = await weighSubject(request, subject, place);
  return { ...weighed, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}

function energyOf({ idleW }: CaseRequest): EnergySource | undefined {
  const counter = idleW === undefined ? undefined : openEnergyCounter();
  return idleW === undefined || counter === undefined || 'reason' in counter ? undefined : { counter, idleW };
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}
