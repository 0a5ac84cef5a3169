// The report as one HTML file that asks for nothing: its style and script are named by their hashes, everything else is
// forbidden, a connection above all.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../../contract/counted.ts';
import { moduleFile } from '../../contract/module-file.ts';
import type { TrackedCase } from '../../judge/track.ts';
import type { History } from '../../results/history.ts';
import { paretoRows } from '../pareto-rows.ts';
import { notesOn } from '../track-report.ts';
import { historyData, toldText } from './history-data.ts';
import { html, type Markup, trusted } from './markup.ts';
import { type Columns, pack } from './packed-data.ts';
import { type ReportData, tableData } from './report-data.ts';
import { type ReportedRun, runSection } from './run-section.ts';
import { textureDefinitions } from './textures.ts';

export interface Report {
  readonly runs: readonly ReportedRun[];
  readonly history: TrackedHistory | undefined;
  /** The page's own script, put together. */
  readonly script: string;
}

export interface TrackedHistory extends History {
  readonly tracked: readonly TrackedCase[];
}

export const PAGE_SCRIPT = moduleFile('./page/page.ts', import.meta.filename);

export async function reportDocument({ runs, history, script }: Report): Promise<string> {
  const sections: Markup[] = [];
  for (const [i, run] of runs.entries()) sections.push(await runSection(run, `run-${i + 1}`));
  const tables = runs.map(({ rows, minSqnrDb, commands }) => tableData(rows, paretoRows(rows, minSqnrDb), commands));
  const shown = history === undefined ? undefined : historyData(history, history.tracked);
  const data: ReportData = { runs: tables, history: shown?.data };
  const columns: Columns = shown?.columns ?? {};
  const style = readFileSync(join(import.meta.dirname, 'page', 'page.css'), 'utf8');
  const title = `tare: ${[...runs.map(({ name }) => name), ...(history === undefined ? [] : [`a history of ${counted(history.runs.length, 'run')}`])].join(', ')}`;
  const historyNotes = history === undefined ? [] : [...history.notes, ...notesOn(history.tracked, history.runs)];
  const entries = [
    ...(history === undefined ? [] : [html`<li><a href="#history">History</a></li>`]),
    ...runs.map(({ name }, i) => html`<li><a href="#run-${i + 1}">Run ${name}</a></li>`),
  ];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
<svg class="definitions" width="0" height="0" aria-hidden="true">${trusted(textureDefinitions())}</svg>
<header><h1>tare</h1><p class="lead">What compressing a model really buys: speed, memory and accuracy drift, beside uncompressed.</p>
${entries.length > 1 ? html`<nav aria-label="Parts of the report"><ul>${entries}</ul></nav>` : ''}</header>
<main>
${history === undefined ? '' : historySection(historyNotes, history.events.map(toldText))}
${sections}
</main>
<script type="text/plain" id="data">${trusted(await pack(data, columns))}</script>
<script type="module">${trusted(script)}</script>
</body>
</html>
`;
  return page.markup;
}

function policyOf(script: string, style: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'none'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function historySection(notes: readonly string[], told: readonly string[]): Markup {
  return html`<section id="history" aria-labelledby="history-title">
<h2 id="history-title">History</h2>
<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>
${told.length > 0 ? html`<h3>What people said</h3><ul class="notes">${told.map((text) => html`<li>${text}</li>`)}</ul>` : ''}
<p class="reading">A line a case: its speed-up over uncompressed, run by run. A vertical stroke with a triangle marks the run where another level begins: ▲ better, ▼ worse. Sorted by the last change over that case’s own noise, which is the standard deviation of its runs around their levels. Drift and bytes have no noise: ◆ marks each change; ○ marks what people said. A row’s button shows the whole of it.</p>
<div id="history-cases"><noscript><p>The history needs JavaScript.</p></noscript></div>
</section>`;
}
