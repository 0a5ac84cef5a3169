// The script of a report: unpacks its data and makes the tables that are sorted, searched and unfolded.
import { unpack } from '../packed-data.ts';
import type { ReportData } from '../report-data.ts';
import { historyTable } from './history-table.ts';
import { element } from './page-dom.ts';
import { runTable } from './run-table.ts';

const { json, columns } = await unpack(element('data').textContent ?? '');
const { runs, history } = json as ReportData;
if (history !== undefined) element('history-cases').replaceChildren(historyTable(history, columns));
for (const [i, run] of runs.entries()) {
  const label = runs.length > 1 ? `Rows of run ${i + 1}` : 'Rows of the run';
  element(`run-${i + 1}-rows`).replaceChildren(runTable(run, label));
}

/** What is folded would be missing on paper; tables stay as they were. */
addEventListener('beforeprint', () => {
  for (const folded of document.querySelectorAll<HTMLDetailsElement>('details.more')) folded.open = true;
});
document.documentElement.classList.add('ready');
