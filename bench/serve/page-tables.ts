// A run's rows as the page shows them: a table per problem, techniques down and backends across.
import { create } from '../report/html/page/page-dom.ts';
import { driftCell, driftHeading, memoryCell, memoryHeading, speedCell } from '../report/row-cells.ts';
import type { ShownRow } from './routes.ts';

export function tables(rows: readonly ShownRow[]): HTMLElement[] {
  return [...Map.groupBy(rows, ({ problem }) => problem)].map(([problem, group]) => table(problem, group));
}

/** What failed, and once each why backends were skipped, or ran no whole network. */
export function failures(rows: readonly ShownRow[]): HTMLLIElement[] {
  const lines = rows.flatMap(({ op, status, outcome, case_id, backend, reason, isFailure }) => {
    if (isFailure) return [`${outcome} ${case_id}: ${reason}`];
    const isNetwork = op === 'model' || op === 'classify';
    const isTold = status === 'skipped' || (status === 'unsupported' && isNetwork);
    return isTold ? [`${status} ${backend}: ${reason}`] : [];
  });
  return [...new Set(lines)].map((line) => create('li', {}, line));
}

function table(problem: string, rows: readonly ShownRow[]): HTMLElement {
  const backends = [...new Set(rows.map(({ backend = '' }) => backend))];
  const isSoftware = (backend: string) => rows.some((row) => row.backend === backend && row.isSoftware);
  const memory = memoryHeading(rows[0]);
  const head = create(
    'tr',
    {},
    create('th', { scope: 'col' }, 'technique'),
    create('th', { scope: 'col', className: 'fact' }, memory),
    create('th', { scope: 'col', className: 'fact' }, driftHeading(rows[0])),
    ...backends.map((name) => create('th', { scope: 'col' }, `${name}${isSoftware(name) ? '*' : ''}`)),
  );
  const techniques = [...Map.groupBy(rows, ({ technique }) => technique)].sort(
    ([, [a]], [, [b]]) => Number(b.isBaseline) - Number(a.isBaseline),
  );
  const body = techniques.map(([technique, group]) => line(technique, group, backends));
  const made = create('table', { ariaLabel: problem }, create('thead', {}, head), create('tbody', {}, ...body));
  // With a tab index it can be scrolled by keyboard too.
  const scrolled = create('div', { className: 'scroll', tabIndex: 0, ariaLabel: problem }, made);
  return create('section', {}, create('h3', {}, problem), scrolled);
}

/** On a narrow screen the facts have no columns of their own and stand below the technique's name. */
function line(technique: string, group: readonly ShownRow[], backends: readonly string[]): HTMLTableRowElement {
  const [memory, drift] = [memoryCell(group), driftCell(group)];
  const unit = group[0].op === 'model' ? '' : ' dB';
  const facts = [memory, drift && `${drift}${unit}`].filter(Boolean).join(' · ');
  return create(
    'tr',
    {},
    create('th', { scope: 'row' }, technique, create('small', { className: 'facts' }, facts)),
    create('td', { className: 'fact' }, memory),
    create('td', { className: 'fact' }, drift),
    ...backends.map((backend) => speedTd(group.find((row) => row.backend === backend))),
  );
}

function speedTd(row: ShownRow | undefined): HTMLTableCellElement {
  if (row === undefined) return create('td');
  const cell = create(
    'td',
    { className: row.isFailure ? 'bad' : '', title: row.reason ?? '' },
    speedCell(row, row.isBaseline),
  );
  if (row.isOnFront) cell.append(create('span', { className: 'front' }, ' ◆'));
  if (!row.isBaseline) cell.append(' ', interval(row));
  return cell;
}

function interval({ speedup_ci95_low, speedup_ci95_high }: ShownRow): HTMLElement | string {
  if (speedup_ci95_low === undefined || speedup_ci95_high === undefined) return '';
  return create('small', { className: 'interval' }, `${speedup_ci95_low.toFixed(2)}–${speedup_ci95_high.toFixed(2)}`);
}
