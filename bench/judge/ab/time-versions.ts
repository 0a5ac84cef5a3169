// Two versions of one case in one process, a straight line: load in a drawn order → check → time in turn → check again.
import { backendOf } from '../../backends/backend.ts';
import type { Budget } from '../../contract/budget.ts';
import type { Case } from '../../contract/case.ts';
import type { Drift, Samples } from '../../contract/case-result.ts';
import type { Inputs } from '../../contract/operation.ts';
import { operationOf } from '../../contract/operations.ts';
import type { Op } from '../../contract/problem.ts';
import type { Params } from '../../contract/technique.ts';
import { makeCalibration } from '../../inputs/make-calibration.ts';
import { makeInputs } from '../../inputs/make-inputs.ts';
import { measureDrift } from '../../measure/drift.ts';
import { measureInTurn } from '../../measure/in-turn.ts';
import { timerResolutionNs } from '../../measure/timer-resolution.ts';
import { quantile } from '../../statistics/quantile.ts';
import { seededRandom, shuffled } from '../../statistics/random.ts';
import { roundLogRatios } from '../../statistics/round-ratios.ts';
import type { BridgePrepared } from './bridge.ts';
import { loadSide } from './load-side.ts';
import { ulpsApart } from './ulps.ts';

/** The twin is the base loaded once more: what it differs by from the base is what equal code differs by. */
export type Side = 'base' | 'head' | 'twin';

/** A checkout and the case's parameters as it spells them. */
export interface Version {
  readonly project: string;
  readonly params: Params;
}

export interface VersionsRequest {
  readonly case: Case;
  readonly base: Version;
  readonly head: Version;
  readonly withTwin: boolean;
  readonly budget: Budget;
  readonly threads: number;
  readonly seed: number;
}

/** How two outputs differ, and what each drifts from the uncompressed result. */
export interface OutputChange {
  readonly differing: number;
  readonly values: number;
  readonly maxUlps: number;
  readonly drift: { readonly base: Drift; readonly head: Drift };
}

export type VersionsResult =
  | {
      readonly status: 'ok';
      /** log(own time / the base's). */
      readonly logRatio: { readonly head: number; readonly twin?: number };
      /** Missing where every bit is the same. */
      readonly outputChange?: OutputChange;
    }
  | { readonly status: 'skipped'; readonly reason: string }
  | { readonly status: 'failed'; readonly side: Side; readonly reason: string };

interface Loaded {
  readonly side: Side;
  readonly prepared: BridgePrepared;
  readonly output: Float32Array;
}

class SideError extends Error {
  readonly side: Side;
  constructor(side: Side, message: string) {
    super(message);
    this.side = side;
  }
}

export async function timeVersions(request: VersionsRequest): Promise<VersionsResult> {
  try {
    return await loadAndTime(request);
  } catch (error) {
    if (error instanceof SideError) return { status: 'failed', side: error.side, reason: error.message };
    throw error;
  }
}

async function loadAndTime(request: VersionsRequest): Promise<VersionsResult> {
  const { case: entry, budget, seed } = request;
  const random = seededRandom(seed);
  const inputs = makeInputs(entry.problem);
  const sides = shuffled<Side>(request.withTwin ? ['base', 'head', 'twin'] : ['base', 'head'], random);
  const loaded: Loaded[] = [];
  for (const side of sides) {
    const next = await blame(side, () => load(side, request, inputs));
    if ('skip' in next) return { status: 'skipped', reason: next.skip };
    loaded.push(next);
  }
  const preemptions = backendOf(entry.backend).device === 'cpu' ? involuntarySwitches : undefined;
  const instruments = { now: () => performance.now(), timerResolutionNs: timerResolutionNs(), preemptions };
  const { sides: samples } = await measureInTurn(
    loaded.map(({ prepared }) => prepared),
    { budget, seed: random.uint32(), instruments },
  );
  for (const { side, prepared, output } of loaded)
    await blame(side, async () => mustBe(await prepared.checkAgain(output)));
  const timed = Object.fromEntries(sides.map((side, i) => [side, samples[i]]));
  const outputs = Object.fromEntries(loaded.map(({ side, output }) => [side, output]));
  for (const { prepared } of loaded) prepared.dispose();
  return {
    status: 'ok',
    logRatio: {
      head: slowdown(timed.head, timed.base),
      twin: timed.twin && slowdown(timed.twin, timed.base),
    },
    outputChange: compareOutputs(entry, inputs, outputs.base, outputs.head),
  };
}

/**
 * Round against round and then the median of all: where the machine changes its speed midway, locations of all samples
 * depend on how many of each side fell into which spell: their ratios scatter two to six times as much between processes.
 */
function slowdown(side: Samples, base: Samples): number {
  const logs = roundLogRatios(base.rounds, side.rounds);
  if (logs.length === 0) throw new Error('samples: must not all be preempted');
  return quantile(logs, 0.5);
}

/** Each checkout prepares its kernel itself, by its own contract, on the same inputs. */
async function load(
  side: Side,
  { case: entry, threads, ...versions }: VersionsRequest,
  inputs: Inputs<Op>,
): Promise<Loaded | { skip: string }> {
  const { project, params } = versions[side === 'twin' ? 'base' : side];
  const checkout = await loadSide(project, side);
  const kernel = { ...entry, params };
  const calibration = (await checkout.needsCalibration?.(kernel)) ? makeCalibration(entry.problem) : undefined;
  const prepared = await checkout.prepare(kernel, { ...inputs, calibration }, threads);
  if ('skip' in prepared) return prepared;
  await prepared.run();
  mustBe(await prepared.check());
  return { side, prepared, output: await prepared.readOutput() };
}

function mustBe(failure: string | undefined): void {
  if (failure !== undefined) throw new Error(failure);
}

async function blame<T>(side: Side, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new SideError(side, error instanceof Error ? error.message : String(error));
  }
}

/** Equal bits drift equally; only what differs needs the float64 result of the uncompressed weights. */
function compareOutputs(
  { problem }: Case,
  { weights, activations }: Inputs<Op>,
  base: Float32Array,
  head: Float32Array,
): OutputChange | undefined {
  const ulps = base.map((value, i) => ulpsApart(value, head[i]));
  const differing = ulps.filter((distance) => distance > 0).length;
  if (differing === 0) return undefined;
  const operation = operationOf(problem.op);
  const rows = Array.from({ length: operation.outputShape(problem).rows }, (_, row) => row);
  const { values } = operation.reference(problem, weights, activations, rows);
  return {
    differing,
    values: base.length,
    maxUlps: ulps.reduce((most, distance) => Math.max(most, distance), 0),
    drift: { base: measureDrift(base, values), head: measureDrift(head, values) },
  };
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches;
}
