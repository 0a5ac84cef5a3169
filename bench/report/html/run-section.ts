// One run as it stands in the page: what it was, its charts, what failed, and the place of its table.
import { counted } from '../../contract/counted.ts';
import type { Roofline } from '../../contract/roofline.ts';
import type { ResultRow } from '../../results/columns.ts';
import { failureReason, isFailure, outcomeOf } from '../../results/failure.ts';
import { caveatLines } from '../caveats.ts';
import { describeCommit } from '../compare-notes.ts';
import { type Chart, type ChartTable, drawPanel, type PanelGroup } from './chart.ts';
import { chartNames } from './chart-names.ts';
import { legendMark } from './legend.ts';
import { html, type Markup, trusted } from './markup.ts';
import { runChart } from './run-charts.ts';

export interface ReportedRun {
  /** What the page calls it. */
  readonly name: string;
  readonly rows: readonly ResultRow[];
  readonly roofline: Roofline | undefined;
  /** The command that measures all of it again; undefined where nobody knows what was asked. */
  readonly command: string | undefined;
  /** For each row, the command that measures it again. */
  readonly commands: readonly string[];
  readonly notes: readonly string[];
  readonly minSqnrDb: number;
}

/** `id` begins the ids of everything in it. */
export async function runSection(run: ReportedRun, id: string): Promise<Markup> {
  const { name, rows } = run;
  const figures: Markup[] = [];
  for (const chart of chartNames) {
    const found = runChart(run, chart);
    if (found !== undefined) figures.push(await chartSection(found, `${id}-${chart}`, chart));
  }
  return html`<section class="run" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">Run ${name}</h2>
${aboutRun(run)}
${figures}
${failureSection(rows, id)}
<section aria-labelledby="${id}-rows-title"><h3 id="${id}-rows-title">All rows</h3>
<p>One row a case. A row’s first button shows its figures and the command that measures it again.</p>
<div class="rows" id="${id}-rows"><noscript><p>The table needs JavaScript; the CSV has the same rows.</p></noscript></div></section>
</section>`;
}

function aboutRun({ rows, notes, command }: ReportedRun): Markup {
  const distinct = (factOf: (row: ResultRow) => string | number | undefined) =>
    [...new Set(rows.map(factOf).filter((value) => value !== undefined))].join('; ');
  const began = rows.map(({ started_at = '' }) => started_at).toSorted();
  const facts: (readonly [string, string])[] = [
    ['cases', outcomeCounts(rows)],
    ['measured', [...new Set([began[0], began.at(-1) ?? ''].map(minuteOf))].filter(Boolean).join(' to ')],
    ['commit', distinct((row) => row.git_commit && describeFullCommit(row))],
    ['machine', distinct(({ cpu_model, cpu_count }) => cpu_model && `${cpu_count} × ${cpu_model}`)],
    ['system', distinct(({ os }) => os)],
    ['Node.js', distinct(({ node_version, v8_version }) => node_version && `${node_version}, V8 ${v8_version}`)],
    ['GPU', distinct(({ gpu_adapter, adapter_type }) => gpu_adapter && `${gpu_adapter} (${adapter_type})`)],
  ];
  const said = facts
    .filter(([, value]) => value !== '')
    .map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`);
  const lines = [...notes, ...caveatLines(rows)].map((note) => html`<li>${note}</li>`);
  return html`<dl class="facts">${said}</dl>
${command === undefined ? '' : html`<p>Measure all of it again: <code>${command}</code></p>`}
${lines.length > 0 ? html`<ul class="notes">${lines}</ul>` : ''}`;
}

/** UTC, as all times in results are. */
function minuteOf(time: string): string {
  return time === '' ? '' : `${time.slice(0, 16).replace('T', ' ')} UTC`;
}

function describeFullCommit(row: ResultRow): string {
  return `${describeCommit(row)}${row.git_dirty ? ' (with uncommitted changes)' : ''}`;
}

function outcomeCounts(rows: readonly ResultRow[]): string {
  const counts = [...Map.groupBy(rows, outcomeOf)].map(
    ([outcome, group]) => `${group.length} ${outcome || 'without status'}`,
  );
  return `${rows.length}: ${counts.join(', ')}`;
}

/** So many groups of panels are shown at once; the others are a click away. */
const OPEN_GROUPS = 6;

async function chartSection(
  { title, sentence, reading, legend, groups, isScrolled, table }: Chart,
  id: string,
  name: string,
): Promise<Markup> {
  const drawn: Markup[] = [];
  for (const group of groups) drawn.push(await groupMarkup(group, isScrolled));
  const rest = drawn.slice(OPEN_GROUPS);
  const entries = legend.map((entry) => html`<li>${trusted(legendMark(entry))} ${entry.label}</li>`);
  return html`<section class="chart ${name}" id="${id}" aria-labelledby="${id}-title">
<h3 id="${id}-title">${title}</h3>
<p class="sentence">${sentence}</p>
<p class="reading">${reading}</p>
${entries.length > 0 ? html`<ul class="legend">${entries}</ul>` : ''}
${drawn.slice(0, OPEN_GROUPS)}
${rest.length > 0 ? html`<details class="more"><summary>${String(rest.length)} more</summary>${rest}</details>` : ''}
<details class="figures"><summary>${title}: the same as a table</summary>${tableMarkup(table, title)}</details>
</section>`;
}

async function groupMarkup({ title, panels }: PanelGroup, isScrolled: true | undefined): Promise<Markup> {
  const figures: Markup[] = [];
  for (const panel of panels) {
    const label = [title, panel.title].filter(Boolean).join(', ');
    const svg = (await drawPanel(panel)).replace('<svg ', html`<svg role="img" aria-label="${label}" `.markup);
    figures.push(
      html`<figure><figcaption>${panel.title}</figcaption>${isScrolled ? html`<div class="scrolled" role="region" tabindex="0" aria-label="${label}">${trusted(svg)}</div>` : html`<div class="panel">${trusted(svg)}</div>`}</figure>`,
    );
  }
  return html`${title === '' ? '' : html`<h4>${title}</h4>`}<div class="panels">${figures}</div>`;
}

/** Columns of words stand left, those of figures right. */
const WORDS = new Set([
  'technique',
  'problem',
  'backend',
  'status',
  'outcome',
  'reason',
  'on the front',
  'within budget',
]);

function tableMarkup({ headings, rows }: ChartTable, caption: string): Markup {
  const kind = headings.map((heading) => (WORDS.has(heading) ? 'word' : 'figure'));
  const head = headings.map((heading, i) => html`<th scope="col" class="${kind[i]}">${heading}</th>`);
  const body = rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, i) => (i === 0 ? html`<th scope="row" class="word">${cell}</th>` : html`<td class="${kind[i]}">${cell}</td>`))}</tr>`,
  );
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}, table"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function failureSection(rows: readonly ResultRow[], id: string): Markup {
  const failures = rows.filter(isFailure).map((row) => [row.case_id ?? '', outcomeOf(row), failureReason(row)]);
  const passedOver = rows.filter((row) => !isFailure(row) && row.p20_ns === undefined);
  const skips = [...Map.groupBy(passedOver, (row) => `${outcomeOf(row)}\t${row.reason ?? 'no reason given'}`)].map(
    ([key, group]) => {
      const [outcome, reason] = key.split('\t');
      const backends = [...new Set(group.map(({ backend = '' }) => backend))];
      return [`${group.length} on ${backends.join(', ')}`, outcome, reason];
    },
  );
  const noisy = rows.filter((row) => row.status === 'noisy' && !isFailure(row)).length;
  const sentence = `${failures.length} of ${counted(rows.length, 'case')} failed or drifted past their budget, ${counted(passedOver.length, 'was skipped', 'were skipped')}, ${counted(noisy, 'is noisy', 'are noisy')}.`;
  const shown = [...failures, ...skips];
  const table = tableMarkup({ headings: ['cases', 'outcome', 'reason'], rows: shown }, 'Failures and skips');
  return html`<section class="failures" aria-labelledby="${id}-failures-title"><h3 id="${id}-failures-title">Failures and skips</h3>
<p class="sentence">${sentence}</p>
${shown.length > 0 ? table : ''}</section>`;
}
