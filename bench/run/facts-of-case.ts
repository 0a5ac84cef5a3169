// Joins what is known of a case, its result and the machine into what its row is made of.
import { backendOf } from '../backends/backend.ts';
import type { BackendStatus } from '../contract/backend.ts';
import type { Case } from '../contract/case.ts';
import type { CaseResult, JoinedResult } from '../contract/case-result.ts';
import { operationOf } from '../contract/operations.ts';
import type { Roofline } from '../contract/roofline.ts';
import type { Technique } from '../contract/technique.ts';
import { attainable, levelOf } from '../measure/roofline/roofline.ts';
import { totalBytes } from '../results/columns.ts';
import type { Facts, RunFacts } from '../results/facts.ts';
import { hashEnvironment } from './environment.ts';

export interface RunState extends RunFacts {
  /** Threads asked for. */
  readonly threads: number;
  /** Missing where it wasn't measured. */
  readonly roofline: Roofline | undefined;
}

export function factsOfCase(
  entry: Case,
  technique: Technique,
  status: BackendStatus,
  startedAt: string,
  result: JoinedResult,
  run: RunState,
): Facts {
  const backend = backendOf(entry.backend);
  const adapter = status.available ? status : undefined;
  const { problem } = entry;
  const read = result.weightBytes ?? totalBytes(result.storedBytes);
  // A text is written in as many calls as it takes, each of which reads the weights.
  const isOneCall = problem.op !== 'model' || problem.phase !== 'generate';
  const movedBytes =
    read === undefined || !isOneCall ? undefined : read + operationOf(problem.op).activationBytes(problem);
  return {
    run,
    entry,
    technique,
    threads: backend.threads(run.threads),
    device: backend.device,
    adapter,
    envHash: hashEnvironment(run.machine, adapter ?? { adapter: '', driver: '' }),
    startedAt,
    result,
    movedBytes,
    ...limitsOf(entry, technique, result, movedBytes, run),
  };
}

/** Only CPU backends are held against the roofline, which is measured there. */
function limitsOf(
  { backend: id, params, problem }: Case,
  technique: Technique,
  { flops, arithmetic }: CaseResult,
  movedBytes: number | undefined,
  { roofline, threads }: RunState,
): Pick<Facts, 'roof' | 'cache'> {
  const backend = backendOf(id);
  const none = { roof: undefined, cache: undefined };
  if (roofline === undefined || backend.device !== 'cpu' || movedBytes === undefined || flops === undefined)
    return none;
  const cache = levelOf(movedBytes, roofline) === 'DRAM' ? 'streamed' : 'resident';
  if (backend.isNative) return { roof: undefined, cache };
  const gflops = attainable(
    {
      operations: flops,
      arithmetic: arithmetic ?? technique.arithmetic?.(params, problem) ?? 'f32',
      movedBytes,
      width: backend.vectorBits ?? 128,
      threads: backend.threads(threads),
    },
    roofline,
  );
  return { roof: gflops === undefined ? undefined : { gflops }, cache };
}
