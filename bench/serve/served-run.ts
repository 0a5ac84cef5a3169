// A run whose cases are weighed in the page that asked for it: the same loop, files and rows as any other, with the page
// as the place where cases are measured.
import { backendOf } from '../backends/backend.ts';
import type { PageAdapters } from '../backends/browser/adapters-schema.ts';
import { RequestError } from '../backends/browser/page-server.ts';
import { statusOfPage } from '../backends/browser/probe.ts';
import type { BackendStatus, PageBackend } from '../contract/backend.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult, Weighed } from '../contract/case-result.ts';
import type { Machine } from '../contract/machine.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { visibleSentence } from '../contract/visible-text.ts';
import type { ResultRow } from '../results/columns.ts';
import type { PageInputs } from '../run/page/page-inputs.ts';
import type { WeighingTask } from '../run/page/weighing-worker.ts';
import { startRun } from '../run/run.ts';
import { runCase } from '../run/run-case.ts';

/** What the page is to do next. */
export interface Step {
  readonly number: number;
  readonly task: WeighingTask;
  readonly timeoutS: number;
}

export interface Progress {
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly failure?: string;
  readonly total: number;
  readonly startedMs: number;
  readonly rows: readonly ResultRow[];
  readonly csvPath?: string;
}

/** How long a page may be gone before its run is stopped: reloading takes less. */
const ABSENCE_MS = 10_000;

/** A page counts as gone when it hasn't answered for this much longer than a case may take. */
const GRACE_S = 15;

export class ServedRun {
  readonly asked: RunArguments;
  readonly #stop = new AbortController();
  readonly #rows: ResultRow[] = [];
  readonly #startedMs = Date.now();
  readonly #adapters: PageAdapters;
  readonly #finished: Promise<void>;
  readonly #started = Promise.withResolvers<void>();
  #state: Progress['state'] = 'running';
  #failure: string | undefined;
  #csvPath: string | undefined;
  #total = 0;
  #number = 0;
  /** The tab that weighs the cases, how often it is connected, and what stops the run if it stays away. */
  #tab: string | undefined;
  #connections = 0;
  #absence: NodeJS.Timeout | undefined;
  #waiting:
    | { readonly step: Step; readonly inputs: PageInputs; readonly answer: PromiseWithResolvers<Weighed> }
    | undefined;
  /** Resolved and made anew whenever there is something new to tell. */
  #news = Promise.withResolvers<void>();

  constructor(asked: RunArguments, adapters: PageAdapters, out: string, machine?: Machine) {
    this.asked = asked;
    this.#adapters = adapters;
    this.#awaitTab();
    this.#finished = this.#execute(out, machine);
  }

  /** Rejects when there is nothing to run. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Of the case that is waited for. */
  get array(): PageInputs['array'] | undefined {
    return this.#waiting?.inputs.array;
  }

  get progress(): Progress {
    return {
      state: this.#state,
      failure: this.#failure,
      total: this.#total,
      startedMs: this.#startedMs,
      rows: this.#rows,
      csvPath: this.#csvPath,
    };
  }

  /** The step after number `last`; undefined when there is none to come. */
  async next(last: number): Promise<Step | undefined> {
    while (this.#state === 'running') {
      if (this.#waiting !== undefined && this.#waiting.step.number > last) return this.#waiting.step;
      await this.#news.promise;
    }
    return undefined;
  }

  /** One tab weighs: the one that began, and after it is gone whichever asks first. */
  mayWeigh(tab: string): boolean {
    return this.#state === 'running' && (this.#connections === 0 || this.#tab === tab);
  }

  /** Told that a tab is there to weigh; gives what is to be called when it has gone. A tab that stays away ends the run. */
  attend(tab: string): () => void {
    if (!this.mayWeigh(tab)) throw new RequestError(409, 'run: must be weighed by one tab, got another');
    clearTimeout(this.#absence);
    this.#tab = tab;
    this.#connections++;
    return () => {
      this.#connections--;
      if (this.#connections === 0 && this.#state === 'running') this.#awaitTab();
    };
  }

  #awaitTab(): void {
    this.#absence = setTimeout(() => void this.stop(), ABSENCE_MS);
  }

  answer(number: number, weighed: Weighed): void {
    if (this.#waiting?.step.number !== number) {
      throw new RequestError(409, `number: must be that of the case that is waited for, got ${number}`);
    }
    this.#waiting.answer.resolve(weighed);
  }

  /** Resolves when all rows so far are on disk. */
  stop(): Promise<void> {
    clearTimeout(this.#absence);
    this.#stop.abort();
    return this.#finished;
  }

  async #execute(out: string, machine: Machine | undefined): Promise<void> {
    try {
      const { interrupted, csvPath } = await startRun(this.asked, {
        out,
        machine,
        debug: false,
        shardCosts: new Map(),
        signal: this.#stop.signal,
        onStart: (path, total) => {
          this.#csvPath = path;
          this.#total = total;
          this.#started.resolve();
        },
        onCase: ({ number, row }) => {
          this.#number = number;
          if (row === undefined) return;
          this.#rows.push(row);
          this.#tell();
        },
        place: {
          probe: async (id) => this.#probe(id),
          measure: (asked, timeoutS) => this.#measure(asked, timeoutS),
        },
      });
      this.#csvPath = csvPath;
      this.#state = interrupted ? 'stopped' : 'finished';
    } catch (error) {
      this.#failure = visibleSentence((error as Error).message);
      this.#state = 'failed';
      this.#started.reject(error);
    }
    this.#tell();
  }

  #probe(id: string): BackendStatus {
    return statusOfPage(pageBackend(id).page, this.#adapters);
  }

  #measure(request: CaseRequest, timeoutS: number): Promise<CaseResult | undefined> {
    return runCase(request, { weighElsewhere: (inputs) => this.#hand(request, inputs, timeoutS) }).catch((error) => {
      if (this.#stop.signal.aborted) return undefined;
      throw error;
    });
  }

  /** Waits for the page, which ends a case that takes too long by itself. */
  async #hand({ case: entry, budget }: CaseRequest, inputs: PageInputs, timeoutS: number): Promise<Weighed> {
    const { page, kind, device } = pageBackend(entry.backend);
    const task: WeighingTask = { case: entry, budget, runtime: page, kind, device, told: inputs.told };
    const answer = Promise.withResolvers<Weighed>();
    const isGone = () => {
      this.#stop.abort();
      answer.reject(new Error('the page gave no answer'));
    };
    const timer = setTimeout(isGone, (timeoutS + GRACE_S) * 1000);
    const stopped = () => answer.reject(new Error('the run was stopped'));
    this.#stop.signal.addEventListener('abort', stopped);
    if (this.#stop.signal.aborted) stopped();
    this.#waiting = { step: { number: this.#number, task, timeoutS }, inputs, answer };
    this.#tell();
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#stop.signal.removeEventListener('abort', stopped);
      this.#waiting = undefined;
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

function pageBackend(id: string): PageBackend {
  const backend = backendOf(id);
  if (backend.page === undefined) throw new RequestError(400, `backends: must run in a page, got ${id}`);
  return backend;
}
