// What comes before the first case of a run: which backends are there, what the machine can do, which code measures.
import { backendOf } from '../backends/backend.ts';
import { effortOf, presets } from '../cases/preset.ts';
import { techniqueFiles } from '../cases/registry.ts';
import { kernelsDirs, type Selection } from '../cases/select.ts';
import { techniqueHash } from '../cases/technique-hash.ts';
import type { BackendStatus } from '../contract/backend.ts';
import type { BrowserChoice } from '../contract/browser.ts';
import type { Case } from '../contract/case.ts';
import type { Machine } from '../contract/machine.ts';
import type { Roofline } from '../contract/roofline.ts';
import type { PresetName } from '../contract/suite.ts';
import { ensureUseLiteCache } from '../inputs/use-lite/use-lite-cache-build.ts';
import { openEnergySource } from '../measure/energy/idle-power.ts';
import { probeRoofline } from '../measure/roofline/probe.ts';
import type { Manifest } from '../results/manifest.ts';
import { compileOwn } from './compile-own.ts';
import { describeMachine } from './environment.ts';
import type { RunState } from './facts-of-case.ts';
import { gitState } from './git-state.ts';
import type { CasesToMeasure, MeasuringPlace } from './measure-cases.ts';

export interface PreparingOptions {
  /** Told what is done, where it takes a while. */
  readonly onPhase?: (what: string) => void;
  readonly place?: MeasuringPlace;
  /** The machine that place is on, where that is another than this one. */
  readonly machine?: Machine;
}

export interface PreparedRun {
  /** What the run was begun with, and what is known of its machine now. */
  readonly manifest: Manifest;
  /** Its cases with the preset's effort, or what was asked in its place. */
  readonly asked: CasesToMeasure;
}

/** Leaves out what the run knows already. */
export async function prepareRun(
  begun: Manifest,
  { cases, techniques }: Pick<Selection, 'cases' | 'techniques'>,
  options: PreparingOptions,
): Promise<PreparedRun> {
  const { browser, preset, seed, kernels, inProcess, timeout, threads, shard } = begun.arguments;
  await compileOwn(kernels, (what) => options.onPhase?.(what));
  options.onPhase?.('asking which backends run here');
  const statuses = await probeBackends(cases, browser, options.place);
  const roofline = begun.roofline ?? (await measureRoofline(preset, cases, threads, options));
  const idleW = begun.idle_w ?? (await idlePowerW(cases, options));
  if (cases.some(({ problem: { weights } }) => weights.startsWith('use-lite/') || weights === 'supersense'))
    ensureUseLiteCache();
  const machine = options.machine ?? describeMachine();
  const techniqueHashes = hashTechniques(kernels);
  const git = gitState();
  const state: RunState = { runId: begun.run_id, git, techniqueHashes, machine, idleW, threads, shard, roofline };
  const effort = effortOf(begun.arguments);
  // One of the passes: its figures stand for no real GPU, and its calls are so slow that each process costs seconds.
  const emulatedEffort = { ...effort, passes: begun.arguments.passes ?? 1 };
  const timeoutS = timeout ?? presets[preset].timeoutS;
  const backends = { ...begun.backends, ...Object.fromEntries(statuses) };
  return {
    manifest: { ...begun, state: 'running', backends, roofline, idle_w: idleW },
    asked: { cases, techniques, statuses, effort, emulatedEffort, seed, timeoutS, kernels, inProcess, state },
  };
}

/** Of the code of each technique, tare's and the user's. */
export function hashTechniques(kernels: readonly string[]): Map<string, string> {
  return new Map([...techniqueFiles(kernelsDirs(kernels))].map(([id, file]) => [id, techniqueHash(file)]));
}

/** The smoke preset's rough times are held against nothing, and a GPU's or another machine's can't be. */
async function measureRoofline(
  preset: PresetName,
  cases: readonly Case[],
  threads: number,
  { onPhase, machine }: PreparingOptions,
): Promise<Roofline | undefined> {
  const backends = [...new Set(cases.map(({ backend }) => backend))].map(backendOf);
  const onCpu = backends.filter(({ device }) => device === 'cpu');
  if (preset === 'smoke' || onCpu.length === 0 || machine !== undefined) return undefined;
  onPhase?.("measuring the machine's roofline");
  return probeRoofline(Math.max(...onCpu.map((backend) => backend.threads(threads))));
}

/** Undefined where nothing tells it, or no case runs where it would be told. */
async function idlePowerW(cases: readonly Case[], { place }: PreparingOptions): Promise<number | undefined> {
  const isTold = cases.map(({ backend }) => backendOf(backend)).some(({ device, page }) => device === 'cpu' && !page);
  if (!isTold || place !== undefined) return undefined;
  const source = await openEnergySource();
  return 'reason' in source ? undefined : source.idleW;
}

async function probeBackends(
  cases: readonly Case[],
  browser: BrowserChoice,
  place: MeasuringPlace | undefined,
): Promise<Map<string, BackendStatus>> {
  const statuses = new Map<string, BackendStatus>();
  for (const id of new Set(cases.map((entry) => entry.backend))) {
    statuses.set(id, await (place === undefined ? backendOf(id).probe(browser) : place.probe(id)));
  }
  return statuses;
}
