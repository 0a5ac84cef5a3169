// The page of `tare serve`: asks what there is to run, weighs case after case in a worker, and shows what came of it.
import { findAdapters } from '../backends/browser/adapters.ts';
import type { PageAdapters } from '../backends/browser/adapters-schema.ts';
import { askWorker } from '../backends/browser/ask-worker.ts';
import type { Weighed } from '../contract/case-result.ts';
import { driftCell, memoryCell, memoryHeading, speedCell } from '../report/row-cells.ts';
import type { Choices, ShownProgress, ShownRow } from './routes.ts';
import type { Step } from './served-run.ts';

function element<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`#${id}: must be in the page`);
  return found as E;
}

function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

async function post<Result>(path: string, body: unknown): Promise<Result> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error('tare serve gives no answer: start it again, then reload this page');
  });
  const reply = await response.json();
  if (!response.ok) throw new Error(reply.error);
  return reply;
}

const form = element<HTMLFormElement>('choices');
const stopButton = element<HTMLButtonElement>('stop');
let stop = new AbortController();

function showChoices({ browser, presets, suites, backends }: Choices): void {
  if (browser !== undefined) element('browser').textContent = browser;
  element('presets').replaceChildren(
    ...presets.map(({ id, summary }, i) => option('radio', 'preset', id, summary, i === 0)),
  );
  element('backends').replaceChildren(
    ...backends.map(({ id, summary, available, isSoftware, detail }) => {
      const text = [summary, detail].filter(Boolean).join(' · ');
      const shown = option('checkbox', 'backend', id, text, available);
      if (isSoftware)
        shown.querySelector('span')?.append(' ', create('span', { className: 'badge' }, 'software adapter'));
      const input = shown.querySelector('input');
      if (input !== null) input.disabled = !available;
      return shown;
    }),
  );
  const suite = element<HTMLSelectElement>('suite');
  const listSuites = () => {
    const preset = new FormData(form).get('preset');
    const possible = suites.filter(({ presets: of }) => of.some((name) => name === preset));
    suite.replaceChildren(
      create('option', { value: '' }, 'all of the preset'),
      ...possible.map(({ id, summary }) => create('option', { value: id }, `${id}: ${summary}`)),
    );
  };
  listSuites();
  form.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.name === 'preset') listSuites();
  });
  element<HTMLButtonElement>('start').disabled = !backends.some(({ available }) => available);
}

function option(type: 'radio' | 'checkbox', name: string, value: string, detail: string, checked: boolean) {
  const input = create('input', { type, name, value, checked });
  return create('label', { className: 'option' }, input, create('span', {}, value), create('small', {}, detail));
}

interface Reply extends ShownProgress {
  readonly step?: Step;
}

async function run(adapters: PageAdapters): Promise<void> {
  const chosen = new FormData(form);
  const suite = String(chosen.get('suite') ?? '');
  stop = new AbortController();
  let reply = await post<Reply>('/api/start', {
    preset: chosen.get('preset'),
    suite: suite === '' ? [] : [suite],
    backend: chosen.getAll('backend'),
    adapters,
  });
  // The server stops the run when this ends.
  const presence = new AbortController();
  void fetch('/api/presence', { signal: presence.signal }).catch(() => {});
  try {
    for (let last = 0; reply.state === 'running'; ) {
      show(reply);
      reply = await post<Reply>('/api/next', { last });
      if (reply.step === undefined) continue;
      const { number, task, timeoutS } = reply.step;
      show(reply);
      last = number;
      const weighed = await weigh(task, timeoutS);
      if (stop.signal.aborted) reply = await post<Reply>('/api/stop', {});
      else await post('/api/result', { number, weighed });
    }
  } catch (error) {
    show({ ...reply, state: 'stopped' });
    throw error;
  } finally {
    presence.abort();
  }
  show(reply);
  await showPlots();
  if (reply.failure !== undefined) throw new Error(reply.failure);
}

async function weigh(task: Step['task'], timeoutS: number): Promise<Weighed> {
  const late = AbortSignal.timeout(timeoutS * 1000);
  try {
    return await askWorker<Step['task'], Weighed>(task, AbortSignal.any([late, stop.signal]));
  } catch (error) {
    if (late.aborted) return { status: 'timeout', reason: `took longer than ${timeoutS} s` };
    return { status: 'error', reason: error instanceof Error ? error.message : String(error) };
  }
}

function show({ state, total, rows, startedMs, step }: Reply): void {
  element('running').hidden = false;
  const progress = element<HTMLProgressElement>('progress');
  progress.max = total;
  progress.value = rows.length;
  element('status').textContent =
    state === 'running'
      ? `case ${Math.min(rows.length + 1, total)} of ${total} · ${timeLeft(rows.length, total, startedMs)} left`
      : `${state} · ${rows.length} of ${total} cases measured`;
  element('case').textContent = state === 'running' ? (step?.task.case.id ?? '') : '';
  element('results').hidden = rows.length === 0;
  element('download').hidden = rows.length === 0;
  element('software').hidden = !rows.some(({ isSoftware }) => isSoftware);
  element('failures').replaceChildren(...failures(rows));
  element('tables').replaceChildren(...[...Map.groupBy(rows, ({ problem }) => problem)].map(table));
}

/** Skipped backends once each. */
function failures(rows: readonly ShownRow[]): Iterable<HTMLLIElement> {
  const lines = rows.flatMap(({ status, case_id, backend, reason, isFailure }) => {
    if (isFailure) return [`${status === 'ok' ? 'drifted' : status} ${case_id}: ${reason}`];
    return status === 'skipped' ? [`skipped ${backend}: ${reason}`] : [];
  });
  return [...new Set(lines)].map((line) => create('li', {}, line));
}

/** From the mean time of the cases so far. */
function timeLeft(done: number, total: number, startedMs: number): string {
  if (done === 0) return '--:--';
  const leftS = ((Date.now() - startedMs) / 1000 / done) * (total - done);
  return `${String(Math.floor(leftS / 60)).padStart(2, '0')}:${String(Math.floor(leftS % 60)).padStart(2, '0')}`;
}

function table([problem, rows]: [string, ShownRow[]]): HTMLElement {
  const backends = [...new Set(rows.map(({ backend = '' }) => backend))];
  const isSoftware = (backend: string) => rows.some((row) => row.backend === backend && row.isSoftware);
  const heading = [
    'technique',
    memoryHeading(rows[0]),
    'SQNR dB',
    ...backends.map((name) => `${name}${isSoftware(name) ? '*' : ''}`),
  ];
  const techniques = [...Map.groupBy(rows, ({ technique }) => technique)].sort(
    ([, [a]], [, [b]]) => Number(b.isBaseline) - Number(a.isBaseline),
  );
  const head = create('tr', {}, ...heading.map((text) => create('th', { scope: 'col' }, text)));
  const body = techniques.map(([technique, group]) => {
    return create(
      'tr',
      {},
      create('th', { scope: 'row' }, technique),
      create('td', {}, memoryCell(group)),
      create('td', {}, driftCell(group)),
      ...backends.map((backend) => speedTd(group.find((row) => row.backend === backend))),
    );
  });
  const made = create('table', { ariaLabel: problem }, create('thead', {}, head), create('tbody', {}, ...body));
  // What scrolls must be reached by keyboard too.
  const scrolled = create('div', { className: 'scroll', tabIndex: 0, ariaLabel: problem }, made);
  return create('section', {}, create('h3', {}, problem), scrolled);
}

function speedTd(row: ShownRow | undefined): HTMLTableCellElement {
  if (row === undefined) return create('td');
  const cell = create(
    'td',
    { className: row.isFailure ? 'bad' : '', title: row.reason ?? '' },
    speedCell(row, row.isBaseline),
  );
  if (!row.isBaseline) cell.append(' ', interval(row));
  if (row.isOnFront) cell.append(create('span', { className: 'front' }, ' ◆'));
  return cell;
}

function interval({ speedup_ci95_low, speedup_ci95_high }: ShownRow): HTMLElement | string {
  if (speedup_ci95_low === undefined || speedup_ci95_high === undefined) return '';
  return create('small', {}, `[${speedup_ci95_low.toFixed(2)}, ${speedup_ci95_high.toFixed(2)}]`);
}

async function showPlots(): Promise<void> {
  const plots = await post<{ problem: string; svg: string }[]>('/api/plots', {});
  element('plots').replaceChildren(
    ...plots.map(({ problem, svg }) => {
      const figure = create('figure', {}, create('figcaption', {}, problem));
      figure.insertAdjacentHTML('beforeend', svg);
      figure.querySelector('svg')?.setAttribute('role', 'img');
      figure
        .querySelector('svg')
        ?.setAttribute('aria-label', `speed-up against SQNR of ${problem}; the table holds the figures`);
      return figure;
    }),
  );
}

function setRunning(running: boolean): void {
  for (const field of form.querySelectorAll('fieldset')) field.disabled = running;
  element<HTMLSelectElement>('suite').disabled = running;
  element('start').hidden = running;
  stopButton.hidden = !running;
  stopButton.disabled = false;
}

function complain(error: unknown): void {
  const message = element('message');
  message.textContent = error instanceof Error ? error.message : String(error);
  message.hidden = false;
}

try {
  const adapters = await findAdapters();
  showChoices(await post<Choices>('/api/choices', adapters));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    element('message').hidden = true;
    element('plots').replaceChildren();
    const started = run(adapters);
    setRunning(true);
    await started.catch(complain);
    setRunning(false);
  });
} catch (error) {
  complain(error);
}
stopButton.addEventListener('click', () => {
  stopButton.disabled = true;
  stop.abort(new Error('stopped'));
  void post('/api/stop', {}).catch(complain);
});
