// This checkout as other versions of tare see it: see bridge.ts.
import { backendOf, backends } from '../../backends/backend.ts';
import { KERNELS_DIR, loadTechnique, loadTechniques } from '../../cases/registry.ts';
import { InputError } from '../../contract/input-error.ts';
import type { Inputs } from '../../contract/operation.ts';
import { operationOf } from '../../contract/operations.ts';
import type { Op } from '../../contract/problem.ts';
import { problemKey } from '../../contract/problem-key.ts';
import type { Params } from '../../contract/technique.ts';
import { checkOutput } from '../../measure/check.ts';
import { checkAgain } from '../../measure/check-again.ts';
import { prepare } from '../../measure/instance.ts';
import { loadCached } from '../../run/load-cached.ts';
import { resultOfError } from '../../run/result-of-error.ts';
import {
  BRIDGE_VERSION,
  type BridgeCase,
  type BridgeChoice,
  type BridgeKernel,
  type BridgePrepared,
  type CheckoutSide,
} from './bridge.ts';
import { neutralParams, ownParams } from './own-params.ts';

export const side: CheckoutSide = {
  version: BRIDGE_VERSION,
  cases,
  paramsFor,
  needsCalibration,
  prepare: prepareSide,
};

async function cases(choice: BridgeChoice): Promise<BridgeCase[]> {
  // Loaded where it is asked for: the processes that time kernels do without it.
  const { selectCases } = await import('../../cases/select.ts');
  const selected = await selectCases({ ...choice, kernels: [] });
  // A network is many kernels, each of which is compared as a layer.
  const layers = selected.cases.filter(({ problem: { op } }) => operationOf(op).layerOp === op);
  if (layers.length === 0) {
    throw new InputError(
      'ab: must have layers to compare, got whole networks alone; tare compare holds two runs of them against each other',
    );
  }
  return layers.flatMap((entry) => {
    const technique = selected.techniques.get(entry.technique);
    if (technique?.kernels[backendOf(entry.backend).kind] === undefined) return [];
    const { irregularAccess = false } = technique;
    return [{ ...entry, problemKey: problemKey(entry.problem), neutral: neutralParams(technique), irregularAccess }];
  });
}

let techniques: ReturnType<typeof loadTechniques> | undefined;

async function paramsFor(entry: BridgeCase): Promise<Params | undefined> {
  techniques ??= loadTechniques([KERNELS_DIR]);
  const technique = (await techniques).get(entry.technique);
  const kind = backends.find(({ id }) => id === entry.backend)?.kind;
  if (technique === undefined || kind === undefined || technique.kernels[kind] === undefined) return undefined;
  if (technique.op !== entry.problem.op || problemKey(entry.problem) !== entry.problemKey) return undefined;
  return ownParams(entry, technique);
}

async function needsCalibration({ technique, params }: BridgeKernel): Promise<boolean> {
  return (await loadTechnique(technique, [KERNELS_DIR])).needsCalibration?.(params) ?? false;
}

async function prepareSide(
  entry: BridgeKernel,
  inputs: Inputs<Op>,
  threads: number,
): Promise<BridgePrepared | { skip: string }> {
  const { problem, params } = entry;
  const technique = await loadCached(entry.technique, [KERNELS_DIR]);
  const skip = technique.skip?.(problem, params);
  if (skip !== undefined) return { skip };
  const backend = backendOf(entry.backend);
  if (backend.page !== undefined) return { skip: 'runs in a page, which is not compared in turn' };
  const runtime = await backend.open(backend.threads(threads));
  const place = { kind: backend.kind, device: backend.device, runtime };
  const instance = await prepare(technique, params, { problem }, inputs, place).catch(skipAboveLimit);
  if ('skip' in instance) return instance;
  const { kernel, reference } = instance;
  const readOutput = async () => (await kernel.readOutput()).slice();
  return {
    run: () => kernel.run(),
    readOutput,
    check: async () => checkOutput(await readOutput(), reference).failure,
    checkAgain: (first) => checkAgain(instance, params, entry, inputs, first),
    dispose: () => kernel.dispose(),
  };
}

/** As a row of such a case is no failure, neither is it one of a comparison. */
function skipAboveLimit(error: unknown): { skip: string } {
  const { status, reason = '' } = resultOfError(error);
  if (status === 'unsupported') return { skip: reason };
  throw error;
}
