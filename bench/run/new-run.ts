// A run that is asked for, before anything of it is measured.
import { backendOf } from '../backends/backend.ts';
import { selectCases } from '../cases/select.ts';
import { casesOfShard, parseShard } from '../cases/shard.ts';
import { InputError } from '../contract/input-error.ts';
import type { Machine } from '../contract/machine.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { weightPaths } from '../inputs/weight-files.ts';
import { SCHEMA_VERSION } from '../results/columns.ts';
import type { Manifest } from '../results/manifest.ts';
import { describeMachine, hashFiles } from './environment.ts';

/** `shardCosts` is what cases took before, in s. Throws InputError where there is no such run. */
export async function newRun(
  request: RunArguments,
  shardCosts: ReadonlyMap<string, number>,
  machine: Machine = describeMachine(),
): Promise<Manifest> {
  const { cases, axes } = await selectCases(request);
  if (request.browser.path !== undefined && cases.every(({ backend }) => backendOf(backend).page === undefined)) {
    throw new InputError('--browser: must go with a backend that runs in it, got none; --backend chromium-webgpu');
  }
  const allIds = cases.map((entry) => entry.id);
  const isShard = request.shard !== undefined;
  const ids = isShard ? casesOfShard(allIds, parseShard(request.shard ?? ''), shardCosts) : allIds;
  const startedAt = new Date();
  return {
    schema_version: SCHEMA_VERSION,
    run_id: newRunId(startedAt),
    started_at: startedAt.toISOString(),
    state: 'running',
    arguments: { ...request, axes },
    case_ids: ids,
    all_case_ids: isShard ? allIds : undefined,
    weights_sha256: hashOf(filesOf(request)),
    machine: { ...machine },
    backends: {},
  };
}

/** Half a run on other weights would be rows of two models under one name. `subject` is what the error begins with. */
export function assertSameWeights({ weights_sha256: begun, arguments: asked }: Manifest, subject: string): void {
  if (begun === undefined) return;
  const files = filesOf(asked);
  const now = hashOf(files);
  if (now === begun) return;
  throw new InputError(
    `${subject}: ${files.join(', ')} must be as it was when the run began, SHA-256 ${begun}, got ${now}; start a new run`,
  );
}

function hashOf(files: readonly string[]): string | undefined {
  return files.length === 0 ? undefined : hashFiles(files);
}

/** The user's own weights or model, and the texts and the plan that go with it. */
function filesOf({ weights, model, text, calibration, plan }: RunArguments): string[] {
  const given = (paths: (string | undefined)[]) => paths.filter((path) => path !== undefined);
  return [...given([weights, model]).flatMap(weightPaths), ...given([text, calibration, plan])];
}

/** Sorts by time and is safe in file names: 2031-05-04T03-02-01-7f3a. */
function newRunId(now: Date): string {
  const random = Math.floor(Math.random() * 2 ** 16);
  return `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${random.toString(16).padStart(4, '0')}`;
}
