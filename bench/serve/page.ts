// The page of `tare serve`: asks what there is to run, weighs case after case in a worker, and shows what came of it.

import { findAdapters } from '../backends/browser/adapters.ts';
import type { PageAdapters } from '../backends/browser/adapters-schema.ts';
import { askWorker } from '../backends/browser/ask-worker.ts';
import type { Weighed } from '../contract/case-result.ts';
import { counted } from '../contract/counted.ts';
import { create, element, update } from '../report/html/page/page-dom.ts';
import { failures, tables } from './page-tables.ts';
import type { Choices, ShownProgress } from './routes.ts';
import type { Step } from './served-run.ts';

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

/** The name of this tab, which it keeps when it is reloaded. */
const tab = sessionStorage.getItem('tab') ?? crypto.randomUUID();
sessionStorage.setItem('tab', tab);

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
  const listSuites = () => {
    const preset = new FormData(form).get('preset');
    const possible = suites.filter(({ presets: of }) => of.some((name) => name === preset));
    element('suite').replaceChildren(
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

/** Sets the form to what a run was asked for. */
function showAsked({ preset, suite, backend }: ShownProgress['asked']): void {
  for (const input of form.querySelectorAll('input')) {
    input.checked = input.type === 'radio' ? input.value === preset : backend.includes(input.value);
    if (input.checked) input.dispatchEvent(new Event('change', { bubbles: true }));
  }
  element<HTMLSelectElement>('suite').value = suite[0] ?? '';
}

interface Reply extends ShownProgress {
  readonly step?: Step;
}

async function start(adapters: PageAdapters): Promise<void> {
  const chosen = new FormData(form);
  const suite = String(chosen.get('suite') ?? '');
  const backend = chosen.getAll('backend');
  if (backend.length === 0) throw new Error('Choose at least one backend to run on.');
  const preset = chosen.get('preset');
  const asked = { preset, suite: suite === '' ? [] : [suite], backend, adapters };
  await weighAll(await post<Reply>('/api/start', asked));
}

/** From the case that is waited for to the last one. */
async function weighAll(begun: Reply): Promise<void> {
  let reply = begun;
  stop = new AbortController();
  // The server stops the run when this ends and no page comes back.
  const presence = new AbortController();
  void fetch(`/api/presence/${tab}`, { signal: presence.signal }).catch(() => {});
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
  await showEnd(reply);
}

async function showEnd(reply: Reply): Promise<void> {
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

/** Follows a run that another tab weighs. */
async function watch(begun: Reply): Promise<void> {
  for (let reply: Reply | undefined = begun; reply !== undefined; ) {
    show(reply);
    if (reply.state !== 'running') return showEnd(reply);
    element('case').textContent = 'Another tab measures; keep this one, and all others, quiet meanwhile.';
    await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS));
    const found = await post<Found>('/api/run', { tab });
    if (found.mayWeigh && found.run !== undefined) return weighAll(found.run);
    reply = found.run;
  }
}

const WATCH_EVERY_MS = 2000;

interface Found {
  readonly run?: Reply;
  /** This tab began the run, or the one that did is gone. */
  readonly mayWeigh?: boolean;
}

/** After a reload, or in another tab: goes on with the run that is there, or shows it. */
async function goOnWith({ run, mayWeigh }: Found): Promise<void> {
  if (run === undefined || (run.state !== 'running' && run.rows.length === 0)) return;
  showAsked(run.asked);
  await busy(() => (mayWeigh ? weighAll(run) : watch(run)));
}

function show({ state, total, rows, startedMs, step }: Reply): void {
  element('running').hidden = false;
  const progress = element<HTMLProgressElement>('progress');
  progress.max = total;
  progress.value = rows.length;
  element('status').textContent =
    state === 'running'
      ? `case ${Math.min(rows.length + 1, total)} of ${total} · ${timeLeft(rows.length, total, startedMs)} left`
      : `${state} · ${rows.length} of ${counted(total, 'case')} measured`;
  if (state !== 'running') element('case').textContent = '';
  else if (step !== undefined) element('case').textContent = step.task.case.id;
  element('results').hidden = rows.length === 0;
  element('download').hidden = rows.length === 0;
  element('software').hidden = !rows.some(({ isSoftware }) => isSoftware);
  update(element('failures'), failures(rows));
  update(element('tables'), tables(rows));
}

/** From the mean time of the cases so far. */
function timeLeft(done: number, total: number, startedMs: number): string {
  if (done === 0) return '--:--';
  const leftS = ((Date.now() - startedMs) / 1000 / done) * (total - done);
  return `${String(Math.floor(leftS / 60)).padStart(2, '0')}:${String(Math.floor(leftS % 60)).padStart(2, '0')}`;
}

async function showPlots(): Promise<void> {
  const plots = await post<{ problem: string; svg: string }[]>('/api/plots', {});
  element('plots').replaceChildren(
    ...plots.map(({ problem, svg }) => {
      const figure = create('figure', {}, create('figcaption', {}, problem));
      figure.insertAdjacentHTML('beforeend', svg);
      const drawn = figure.querySelector('svg');
      drawn?.setAttribute('role', 'img');
      drawn?.setAttribute('aria-label', `speed-ups of ${problem}; the table holds the figures`);
      return figure;
    }),
  );
}

/** While a run goes on its choices can't be changed; what goes wrong is shown. */
async function busy(work: () => Promise<void>): Promise<void> {
  element('message').hidden = true;
  element('plots').replaceChildren();
  setRunning(true);
  await work().catch(complain);
  setRunning(false);
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

stopButton.addEventListener('click', () => {
  stopButton.disabled = true;
  stop.abort(new Error('stopped'));
  void post('/api/stop', {}).catch(complain);
});

try {
  const adapters = await findAdapters();
  const choices = await post<Choices>('/api/choices', adapters);
  // Known before choices can be made, or what the run was asked for would take the place of them.
  const found = await post<Found>('/api/run', { tab });
  showChoices(choices);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    // Disabled fields are no part of the form's data, so that start() has to read them before busy() disables them.
    const started = start(adapters);
    void busy(() => started);
  });
  await goOnWith(found);
} catch (error) {
  complain(error);
}
