// The passes of a run over its cases: each pass of a case in a process of its own or the next in one, each finished case in
// its row on disk.
import { backendOf } from '../backends/backend.ts';
import { fitting, type NeededCase } from '../cases/order-of-need.ts';
import type { Effort } from '../cases/preset.ts';
import { kernelsDirs } from '../cases/select.ts';
import type { BackendStatus } from '../contract/backend.ts';
import type { Case } from '../contract/case.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult, JoinedResult } from '../contract/case-result.ts';
import type { Technique } from '../contract/technique.ts';
import { type ResultRow, rowOf } from '../results/columns.ts';
import type { Journal } from '../results/journal.ts';
import { OVER_BUDGET } from '../results/left-out.ts';
import type { PassLog, PassRecord } from '../results/pass-log.ts';
import { quantile } from '../statistics/quantile.ts';
import { LOCATION } from '../statistics/round-ratios.ts';
import type { CaseEvent } from './case-event.ts';
import { CaseProcess } from './case-process.ts';
import { factsOfCase, type RunState } from './facts-of-case.ts';
import { joinPasses, passesThatCount, wantsFreeCore } from './join-passes.ts';
import { roundedSamples, samplesOf } from './kept-samples.ts';
import { isNarrow } from './narrow-interval.ts';
import { type Batch, isBaseline, placeOf, planPasses } from './plan-passes.ts';
import { resultOfError } from './result-of-error.ts';
import { tellSlowPacking } from './tell-slow-packing.ts';
import { whyNotMeasured } from './why-not-measured.ts';

/** Where cases are measured that are not in processes of their own. */
export interface MeasuringPlace {
  probe(backend: string): Promise<BackendStatus>;
  /** undefined when the run was interrupted. */
  measure(request: CaseRequest, timeoutS: number): Promise<CaseResult | undefined>;
}

export interface CasesToMeasure {
  /** All of the run, with those that have their rows already: what shares a process with what depends on them. */
  readonly cases: readonly Case[];
  readonly techniques: ReadonlyMap<string, Technique>;
  readonly statuses: ReadonlyMap<string, BackendStatus>;
  readonly effort: Effort;
  /** On a GPU that is emulated on the CPU. */
  readonly emulatedEffort: Effort;
  readonly seed: number;
  readonly timeoutS: number;
  readonly kernels: readonly string[];
  readonly inProcess: boolean;
  readonly state: RunState;
  readonly timeBudget?: TimeBudget;
  /** Cases that end as errors before they are measured, and why. */
  readonly givenUp?: ReadonlyMap<string, string>;
}

export interface TimeBudget {
  /** From now on; cases that were begun are finished with the passes they have. */
  readonly leftS: number;
  /** The most telling first. */
  readonly needed: readonly NeededCase[];
  /** What a case is likely to take, all its passes. */
  costS(caseId: string): number;
}

export interface MeasuringOptions {
  readonly debug: boolean;
  readonly signal: AbortSignal;
  readonly onCase: (event: CaseEvent) => void;
  /** Told what a case is at where that takes longer than one would wait for. */
  readonly onStage?: (what: string) => void;
  readonly place?: MeasuringPlace;
}

/**
 * Of processes that hold models: garbage is looked for when they say so, young objects get 16 MiB where they would be left with 128,
 * and what is freed goes back to the system at once (glibc, mallopt(3)).
 */
const LARGE_ARRAYS = {
  execArgv: ['--expose-gc', '--max-semi-space-size=8'],
  env: { MALLOC_MMAP_THRESHOLD_: `${2 ** 20}` },
};

/** A case that ended the run, and not only its own process, is not tried for ever. */
const MOST_DEATHS = 2;

export async function measureCases(asked: CasesToMeasure, journal: Journal, log: PassLog, options: MeasuringOptions) {
  await new Measuring(asked, journal, log, options).execute();
}

class Measuring {
  readonly #asked: CasesToMeasure;
  readonly #journal: Journal;
  readonly #log: PassLog;
  readonly #options: MeasuringOptions;
  readonly #finished: Set<string>;
  /** By place, of which several suites may have one. */
  readonly #baselines: ReadonlyMap<string, Case>;
  /** Of the canary on each backend, in cycles: what a free core takes, as far as this run has seen one. */
  readonly #bestCycles = new Map<string, number>();
  #number = 0;
  /** Id of the case that is measured now. */
  #underWay = '';
  /** On the clock of `performance.now`; of a run with a time budget. */
  #deadlineMs = Number.POSITIVE_INFINITY;
  #left: number;

  constructor(asked: CasesToMeasure, journal: Journal, log: PassLog, options: MeasuringOptions) {
    this.#asked = asked;
    this.#journal = journal;
    this.#log = log;
    this.#options = options;
    this.#finished = new Set(journal.rows.flatMap(({ case_id }) => case_id ?? []));
    this.#baselines = new Map(asked.cases.filter(isBaseline).map((entry) => [placeOf(entry), entry]));
    for (const entry of asked.cases) for (const { result } of log.of(entry.id)) this.#noteCycles(entry, result);
    this.#left = asked.cases.reduce((sum, entry) => sum + this.#passesLeft(entry), 0);
  }

  async execute(): Promise<void> {
    const { cases, timeBudget } = this.#asked;
    await (timeBudget === undefined ? this.#measureAll(cases) : this.#measureWithin(timeBudget));
  }

  async #measureAll(cases: readonly Case[]): Promise<void> {
    const startMs = performance.now();
    await this.#measurePlanned(cases);
    await this.#comeBack(performance.now() + this.#asked.effort.comeBackShare * (performance.now() - startMs));
  }

  /** In waves: as many cases as fit by what they are likely to take, then as many as fit the time that is left, … */
  async #measureWithin({ leftS, needed, costS }: TimeBudget): Promise<void> {
    const startMs = performance.now();
    this.#deadlineMs = startMs + leftS * 1000;
    // What can't run here has its row at once; what was begun before an interruption comes first.
    let queue = await this.#withoutUnmeasurable(needed.filter(({ case: { id } }) => !this.#finished.has(id)));
    const isBegun = ({ case: { id } }: NeededCase) => this.#log.of(id).length > 0;
    queue = [...queue.filter(isBegun), ...queue.filter((each) => !isBegun(each))];
    let expectedS = 0;
    while (!this.#options.signal.aborted && !this.#isOver()) {
      // How this machine goes about it, as far as it has shown.
      const pace = expectedS > 0 ? Math.max(LEAST_PACE, (performance.now() - startMs) / 1000 / expectedS) : 1;
      const shareLeft = (entry: Case) => this.#passesLeft(entry) / this.#effortOf(entry).passes;
      const costOf = (entry: Case) => costS(entry.id) * shareLeft(entry) * pace;
      const wave = fitting(queue, (this.#deadlineMs - performance.now()) / 1000, costOf).map(
        ({ case: entry }) => entry,
      );
      if (wave.length === 0) break;
      expectedS += wave.reduce((sum, entry) => sum + costS(entry.id) * shareLeft(entry), 0);
      this.#left = wave.reduce((sum, entry) => sum + this.#passesLeft(entry), 0);
      await this.#measureAll(wave);
      queue = queue.filter(({ case: { id } }) => !this.#finished.has(id));
      // A wave of which nothing was finished will not be the next time either.
      if (wave.every(({ id }) => !this.#finished.has(id))) break;
    }
    if (this.#options.signal.aborted) return;
    for (const { case: entry } of queue) this.#leaveOut(entry, { status: 'skipped', reason: OVER_BUDGET });
  }

  #isOver(): boolean {
    return performance.now() >= this.#deadlineMs;
  }

  async #withoutUnmeasurable(needed: readonly NeededCase[]): Promise<NeededCase[]> {
    const left: NeededCase[] = [];
    for (const each of needed) {
      const result = await this.#whyNot(each.case);
      if (result === undefined) left.push(each);
      else this.#leaveOut(each.case, result);
    }
    return left;
  }

  /** A row of a case that is not measured, which took no time. */
  #leaveOut(entry: Case, result: CaseResult): void {
    this.#journal.append(this.#rowOf(entry, new Date().toISOString(), result), []);
    this.#finished.add(entry.id);
  }

  async #measurePlanned(cases: readonly Case[]): Promise<void> {
    const { effort, seed } = this.#asked;
    const plan = planPasses(cases, { ...effort, seed });
    for (const [i, batches] of plan.entries()) {
      for (const batch of batches) {
        if (this.#options.signal.aborted || this.#isOver()) return;
        const asked = batch.filter((entry) => i < this.#effortOf(entry).passes);
        if (asked.length > 0) await this.#measureBatch(asked, i + 1);
      }
    }
  }

  /** Goes on with the cases that a shared core left wanting, in turn, until they want no more or the time is up. */
  async #comeBack(deadlineMs: number): Promise<void> {
    let isLate = false;
    const wanting = () => this.#asked.cases.filter(({ id }) => !this.#finished.has(id) && this.#log.of(id).length > 0);
    for (let extra = 1; wanting().length > 0; extra++) {
      for (const entry of wanting()) {
        const { passes } = this.#effortOf(entry);
        if (this.#options.signal.aborted) return;
        isLate ||= performance.now() >= Math.min(deadlineMs, this.#deadlineMs);
        if (!isLate && extra <= passes) {
          await this.#measureBatch([entry], passes + extra);
          continue;
        }
        const records = this.#log.of(entry.id);
        const pass = Math.min(passes, records.length);
        const row = this.#finish(entry, records);
        this.#options.onCase({ case: entry, number: this.#number, total: this.#number, pass, passes, row });
      }
    }
  }

  #passesLeft(entry: Case): number {
    if (this.#finished.has(entry.id)) return 0;
    return Math.max(0, this.#effortOf(entry).passes - this.#log.of(entry.id).length);
  }

  #effortOf({ backend }: Case): Effort {
    const status = this.#statusOf(backend);
    const isEmulated = status.available && status.adapterType === 'software';
    return isEmulated ? this.#asked.emulatedEffort : this.#asked.effort;
  }

  async #measureBatch(batch: Batch, pass: number): Promise<void> {
    const own = this.#processFor(batch);
    try {
      for (const entry of batch) {
        if (!this.#isDone(entry, pass) && !this.#options.signal.aborted) await this.#measurePass(entry, pass, own);
      }
    } finally {
      await own.end();
    }
  }

  #isDone(entry: Case, pass: number): boolean {
    if (this.#finished.has(entry.id)) return true;
    return this.#log.of(entry.id).some((record) => record.pass === pass);
  }

  #processFor(batch: Batch): CaseProcess {
    const [{ backend }, ...others] = batch;
    const status = this.#statusOf(backend);
    const { env = {}, execArgv = [] } = batch.some(({ problem: { op } }) => op === 'model') ? LARGE_ARRAYS : {};
    const { debug, signal, onStage } = this.#options;
    return new CaseProcess(1 + others.length, {
      execArgv: [...execArgv, ...(backendOf(backend).execArgv ?? [])],
      timeoutS: this.#asked.timeoutS,
      env: { ...env, ...(status.available ? status.env : {}) },
      debug,
      signal,
      onStage: onStage && tellSlowPacking((what) => onStage(`${what} ${this.#underWay}`)),
    });
  }

  async #measurePass(entry: Case, pass: number, own: CaseProcess): Promise<void> {
    const { passes } = this.#effortOf(entry);
    this.#number++;
    this.#underWay = entry.id;
    const position = { case: entry, number: this.#number, pass, passes };
    this.#options.onCase({ ...position, total: this.#number - 1 + this.#left });
    const record = await this.#recordOf(entry, pass, own);
    if (record === undefined) return;
    const records = [...this.#log.of(entry.id), record];
    const isDone = records.length >= passes || (this.#asked.timeBudget !== undefined && isNarrow(records));
    if (isMeasured(record.result) && (!isDone || this.#isWorthMore(entry, records))) {
      this.#log.add(record);
      this.#left = Math.max(0, this.#left - 1);
      this.#options.onCase({ ...position, total: this.#number + this.#left });
      return;
    }
    this.#left -= this.#passesLeft(entry);
    const row = this.#finish(entry, records);
    this.#options.onCase({ ...position, total: this.#number + this.#left, row });
  }

  #isWorthMore(entry: Case, records: readonly PassRecord[]): boolean {
    const { passes, comeBackShare } = this.#effortOf(entry);
    return comeBackShare > 0 && wantsFreeCore(records, passes);
  }

  /** Undefined where the run was interrupted. */
  async #recordOf(entry: Case, pass: number, own: CaseProcess): Promise<PassRecord | undefined> {
    const [startedAt, startMs] = [new Date().toISOString(), performance.now()];
    const result = (await this.#whyNot(entry)) ?? (await this.#measureNoted(entry, pass, own));
    if (result === undefined) return undefined;
    this.#noteCycles(entry, result);
    return {
      case_id: entry.id,
      pass,
      started_at: startedAt,
      took_s: (performance.now() - startMs) / 1000,
      git_commit: this.#asked.state.git?.commit,
      technique_hash: this.#asked.state.techniqueHashes.get(entry.technique),
      result: roundedSamples(result),
    };
  }

  #noteCycles({ backend }: Case, { core }: CaseResult): void {
    if (core === undefined) return;
    this.#bestCycles.set(backend, Math.min(core.bestCycles, this.#bestCycles.get(backend) ?? core.bestCycles));
  }

  async #whyNot(entry: Case): Promise<CaseResult | undefined> {
    const status = this.#statusOf(entry.backend);
    const reason = status.available
      ? await whyNotMeasured(status, entry, this.#asked.techniques.get(entry.technique))
      : status.reason;
    if (reason !== undefined) return { status: 'skipped', reason };
    const whyGivenUp = this.#asked.givenUp?.get(entry.id);
    if (whyGivenUp !== undefined) return { status: 'error', reason: whyGivenUp };
    if (this.#log.deaths(entry.id) < MOST_DEATHS) return undefined;
    return { status: 'error', reason: `the run itself ended ${MOST_DEATHS} times while it measured this case` };
  }

  /** Notes in the log that the case is under way, so that one that takes the whole run with it is known afterwards. */
  async #measureNoted(entry: Case, pass: number, own: CaseProcess): Promise<CaseResult | undefined> {
    const { signal } = this.#options;
    this.#log.begin(entry.id, pass);
    const stop = () => this.#log.stop(entry.id, pass);
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await this.#measure(entry, pass, own);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #measure(entry: Case, pass: number, own: CaseProcess): Promise<CaseResult | undefined> {
    const { kernels, inProcess, timeoutS, state } = this.#asked;
    const { debug, place } = this.#options;
    const status = this.#statusOf(entry.backend);
    const { budget, scoring } = this.#effortOf(entry);
    const request: CaseRequest = {
      case: entry,
      budget,
      scoring: pass === 1 ? scoring : undefined,
      bestCanaryCycles: this.#bestCycles.get(entry.backend),
      idleW: state.idleW,
      kernelsDirs: kernelsDirs(kernels),
      threads: state.threads,
      browser: status.available ? status.browser : undefined,
      debug,
    };
    if (place !== undefined) return place.measure(request, timeoutS).catch(resultOfError);
    if (inProcess) return measureHere(request);
    return own.measure(request);
  }

  #finish(entry: Case, all: readonly PassRecord[]): ResultRow {
    // Where time ran out or the interval was narrow there are fewer than were asked for.
    const records = passesThatCount(all, Math.min(all.length, this.#effortOf(entry).passes));
    const joined: JoinedResult = {
      ...joinPasses(
        records.map(({ result }) => result),
        { seed: entry.problem.seed, baselineP20Ns: this.#ownP20Ns(entry) },
      ),
      // Taken in one pass, whether its times count or not.
      score: all.find(({ result }) => result.score)?.result.score,
      accuracy: all.find(({ result }) => result.accuracy)?.result.accuracy,
      drafts: all.find(({ result }) => result.drafts)?.result.drafts,
      tookS: all.reduce((sum, { took_s }) => sum + took_s, 0),
    };
    const row = this.#rowOf(entry, all[0].started_at, joined);
    this.#journal.append(row, row.status === joined.status ? records.flatMap(samplesOf) : []);
    this.#finished.add(entry.id);
    return row;
  }

  /** What the technique says of itself comes in here too, and is not to end the run. */
  #rowOf(entry: Case, startedAt: string, joined: JoinedResult): ResultRow {
    const technique = this.#asked.techniques.get(entry.technique);
    if (technique === undefined) throw new Error(`case: must be known, got ${entry.id}`);
    const status = this.#statusOf(entry.backend);
    const row = (its: Technique, result: JoinedResult) =>
      rowOf(factsOfCase(entry, its, status, startedAt, result, this.#asked.state));
    try {
      return row(technique, joined);
    } catch (error) {
      return row({ ...technique, columns: undefined, arithmetic: undefined }, resultOfError(error));
    }
  }

  /** Of the baseline's own case, as far as it has been measured; none for itself. */
  #ownP20Ns(entry: Case): number | undefined {
    if (isBaseline(entry)) return undefined;
    const baseline = this.#baselines.get(placeOf(entry))?.id ?? '';
    const samples = this.#log.of(baseline).flatMap(({ result }) => result.samples?.candidate.rounds.flat() ?? []);
    if (samples.length > 0) return quantile(samples, LOCATION);
    return this.#journal.rows.find(({ case_id }) => case_id === baseline)?.p20_ns;
  }

  #statusOf(backend: string): BackendStatus {
    const status = this.#asked.statuses.get(backend);
    if (status === undefined) throw new Error(`backend: must have been probed, got ${backend}`);
    return status;
  }
}

/** Of recorded costs: ending by width saves two passes of five, and a few quick cases say little of others. */
const LEAST_PACE = 0.5;
function isMeasured({ status }: CaseResult): boolean {
  return status === 'ok' || status === 'noisy';
}

async function measureHere(request: CaseRequest): Promise<CaseResult> {
  const { runCase } = await import('./run-case.ts');
  return runCase(request).catch(resultOfError);
}
