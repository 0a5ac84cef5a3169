// What the page of `tare serve` asks: what there is to run, the next case, and what became of it.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { backends } from '../backends/backend.ts';
import { PageAdapters } from '../backends/browser/adapters-schema.ts';
import { bundleScript, bundleWorker } from '../backends/browser/bundle.ts';
import { type Answer, type Asked, RequestError, type Route } from '../backends/browser/page-server.ts';
import { statusOfPage } from '../backends/browser/probe.ts';
import { arrayAnswer, WEIGHING_WORKER, wasmAnswer } from '../backends/browser/routes.ts';
import { presets } from '../cases/preset.ts';
import { KERNELS_DIR, loadSuites, techniqueFiles } from '../cases/registry.ts';
import { DEFAULT_SEED } from '../contract/case.ts';
import { Weighed } from '../contract/case-result-schema.ts';
import { InputError } from '../contract/input-error.ts';
import type { Machine } from '../contract/machine.ts';
import { moduleFile } from '../contract/module-file.ts';
import { presetNames } from '../contract/suite.ts';
import { visibleSentence } from '../contract/visible-text.ts';
import { DEFAULT_MIN_SQNR_DB, paretoRows } from '../report/pareto-rows.ts';
import type { ResultRow } from '../results/columns.ts';
import { failureReason, isFailure, outcomeOf } from '../results/failure.ts';
import { isBaseline, problemTitle, techniqueLabel } from '../results/row-labels.ts';
import { ServedRun } from './served-run.ts';

export interface ServeOptions {
  /** Folder the results go to. */
  readonly out: string;
  /** User agent of a browser on another machine. */
  readonly visitor?: string;
}

const Start = z.object({
  preset: z.enum(presetNames),
  suite: z.array(z.string()),
  backend: z.array(z.string()).min(1, 'must name at least one'),
  adapters: PageAdapters,
});
/** Names a tab of a browser for as long as it is open, across reloads. */
const Tab = z.object({ tab: z.string().regex(/^[\w-]{1,64}$/) });
const Next = z.object({ last: z.number().int() });
/** What a row is made of must be what a row of a file may be: of a run that others read, nothing else is written. */
const Result = z.object({
  number: z.number().int(),
  weighed: Weighed.refine(({ ratio, samples }) => isAboveZero(ratio, samples), {
    error: 'speed-ups and times must be above 0',
  }),
});

function isAboveZero(ratio: Weighed['ratio'], samples: Weighed['samples']): boolean {
  const { speedup = 1, ci95 } = ratio ?? {};
  const times = [samples?.candidate, samples?.baseline].flatMap((one) => one?.rounds.flat() ?? []);
  return [speedup, ci95?.low ?? 1, ci95?.high ?? 1, ...times].every((value) => value > 0);
}

const FOLDER = import.meta.dirname;
export const SERVED_SCRIPT = moduleFile('./page.ts', import.meta.filename);

export interface Serving {
  readonly route: Route;
  /** Resolves when all rows so far are on disk. */
  stop(): Promise<void>;
}

export function serveRuns({ out, visitor }: ServeOptions): Serving {
  let run: ServedRun | undefined;
  const current = (): ServedRun => {
    if (run === undefined) throw new RequestError(409, 'run: must be started first');
    return run;
  };
  const start = async (body: unknown) => {
    const { preset, suite, backend, adapters } = parse(Start, body);
    if (run?.progress.state === 'running')
      throw new RequestError(409, 'run: must be the only one, got one that is running');
    const threads = 1;
    // The page waits for each row, and its cases all share its process.
    const passes = 1;
    const chosen = { preset, passes, suite, backend, technique: [], filter: [], kernels: [], seed: DEFAULT_SEED };
    const begun = new ServedRun(
      { ...chosen, inProcess: false, threads, browser: { headed: true, isVisitor: true } },
      adapters,
      out,
      visitor === undefined ? undefined : machineOf(visitor, adapters),
    );
    run = begun;
    await begun.started;
    return progressOf(begun);
  };
  const actions: Readonly<Record<string, (body: unknown) => Promise<unknown>>> = {
    '/api/choices': async (body) => choices(parse(PageAdapters, body)),
    '/api/start': start,
    // A page that has just been opened asks this: it then shows the run that goes on, or the last one.
    '/api/run': async (body) => {
      const { tab } = parse(Tab, body);
      return run === undefined ? {} : { run: progressOf(run), mayWeigh: run.mayWeigh(tab) };
    },
    '/api/next': async (body) => {
      const { last } = parse(Next, body);
      const step = await current().next(last);
      return { step, ...progressOf(current()) };
    },
    '/api/result': async (body) => {
      const { number, weighed } = parse(Result, body);
      current().answer(number, weighed);
      return {};
    },
    '/api/stop': async () => {
      await current().stop();
      return progressOf(current());
    },
    '/api/plots': async () => {
      const { plotPareto } = await import('../report/pareto-plot.ts');
      return plotPareto(current().progress.rows, DEFAULT_MIN_SQNR_DB);
    },
  };
  const route = async ({ method, path, body }: Asked): Promise<Answer | undefined> => {
    const action = method === 'POST' ? actions[path] : undefined;
    if (action !== undefined)
      return { type: 'application/json', body: JSON.stringify(await action(body).catch(refuse)) };
    // Open for as long as a page weighs: one that is closed or crashes, and doesn't come back, stops its run.
    const tab = /^\/api\/presence\/([\w-]+)$/.exec(path)?.[1];
    if (tab !== undefined) return { type: 'application/json', body: '', whenGone: current().attend(tab) };
    if (path === '/api/results.csv') return csvOf(current());
    return (await fileAnswer(path)) ?? (await wasmAnswer(path)) ?? arrayAnswer(path, run?.array);
  };
  return { route, stop: async () => run?.stop() };
}

/** All that a browser tells of its machine. */
function machineOf(userAgent: string, { browser = '', cores = 1 }: PageAdapters): Machine {
  const os = /\(([^)]*)\)/.exec(userAgent)?.[1] ?? '';
  return { cpu_model: userAgent, cpu_count: cores, os, node_version: '', v8_version: visibleSentence(browser) };
}

/** What was wrong with the request is answered with 400; every other error is a fault of the server. */
function refuse(error: unknown): never {
  if (error instanceof InputError) throw new RequestError(400, error.message);
  throw error;
}

async function fileAnswer(path: string): Promise<Answer | undefined> {
  switch (path) {
    case '/':
      return { type: 'text/html', body: await readFile(join(FOLDER, 'page.html')) };
    case '/page.css':
      return { type: 'text/css', body: await readFile(join(FOLDER, 'page.css')) };
    case '/page.js':
      return { type: 'text/javascript', body: await bundleScript(SERVED_SCRIPT) };
    case '/worker.js':
      return { type: 'text/javascript', body: await bundleWorker(WEIGHING_WORKER, techniqueFiles([KERNELS_DIR])) };
    default:
      return undefined;
  }
}

async function csvOf(run: ServedRun): Promise<Answer | undefined> {
  const { csvPath } = run.progress;
  if (csvPath === undefined) return undefined;
  return { type: 'text/csv', body: await readFile(csvPath), saveAs: basename(csvPath) };
}

async function choices(adapters: PageAdapters) {
  const suites = [...(await loadSuites())].map(([id, { summary, blocks }]) => {
    return { id, summary, presets: [...new Set(blocks.flatMap((block) => block.presets))] };
  });
  const places = backends.flatMap(({ id, summary, page }) => {
    if (page === undefined) return [];
    const status = statusOfPage(page, adapters);
    return status.available
      ? { id, summary, available: true, isSoftware: status.adapterType === 'software', detail: status.adapter }
      : { id, summary, available: false, isSoftware: false, detail: status.reason };
  });
  return {
    browser: adapters.browser,
    presets: presetNames.map((id) => ({ id, summary: presets[id].summary })),
    suites,
    backends: places,
  };
}

/** The cells the page shows. */
function progressOf(run: ServedRun) {
  const { rows, csvPath, ...progress } = run.progress;
  const fronts = paretoRows(rows, DEFAULT_MIN_SQNR_DB);
  const { preset, suite, backend } = run.asked;
  return { ...progress, asked: { preset, suite, backend }, csv: csvPath, rows: rows.map((row) => shown(row, fronts)) };
}

function shown(row: ResultRow, fronts: ReadonlySet<ResultRow>) {
  const { case_id, op, backend, status, p20_ns, dense_gflops, speedup, speedup_ci95_low, speedup_ci95_high } = row;
  const { stored_bytes, workspace_bytes, compression_ratio, sqnr_db, drift_ok } = row;
  const { tokens_per_s, kld_mean, ppl_ratio } = row;
  return {
    problem: problemTitle(row),
    technique: techniqueLabel(row),
    isBaseline: isBaseline(row),
    isFailure: isFailure(row),
    isOnFront: fronts.has(row),
    case_id,
    op,
    backend,
    isSoftware: row.adapter_type === 'software',
    status,
    outcome: outcomeOf(row),
    reason: isFailure(row) ? failureReason(row) : row.reason,
    p20_ns,
    dense_gflops,
    speedup,
    speedup_ci95_low,
    speedup_ci95_high,
    stored_bytes,
    workspace_bytes,
    compression_ratio,
    sqnr_db,
    drift_ok,
    tokens_per_s,
    kld_mean,
    ppl_ratio,
  };
}
export type ShownRow = ReturnType<typeof shown>;
export type ShownProgress = ReturnType<typeof progressOf>;
export type Choices = Awaited<ReturnType<typeof choices>>;

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new RequestError(400, `${path.join('.') || 'body'}: ${message}`);
}
