// A table that is searched, narrowed, sorted and unfolded, all of it by keyboard too.
import { create } from './page-dom.ts';

export interface Column<Row> {
  readonly heading: string;
  /** What rows are sorted by; rows without it come last either way. */
  value(row: Row): string | number | undefined;
  /** What stands in the cell, where that is not the value itself. */
  cell?(row: Row): Node | string;
  readonly isFigure: boolean;
  /** Stands below the name of the row where the screen is narrow. */
  readonly isPartOfName?: true;
}

/** Narrows the rows to those of one value. */
export interface Choice<Row> {
  readonly label: string;
  valueOf(row: Row): string;
}

export interface TableOptions<Row> {
  /** Names the table for those who don't see it; unique in the page. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly choices: readonly Choice<Row>[];
  /** A box that leaves only some rows. */
  readonly box?: { readonly label: string; readonly isChecked: boolean; keeps(row: Row): boolean };
  /** What is searched. */
  textOf(row: Row): string;
  /** What a row unfolds to. */
  detail(row: Row): Node[];
  /** Heading that the rows are sorted by at first, as they are given where undefined. */
  readonly sorted?: { readonly heading: string; readonly isDescending: boolean };
}

/** More at once would only be waited for. */
const MOST_ROWS = 600;

export function dataTable<Row>(options: TableOptions<Row>): HTMLElement {
  const { label, rows, columns, choices, box, textOf, detail } = options;
  const search = create('input', { type: 'search', placeholder: 'words of a technique, problem, reason …' });
  const selects = choices.map((choice) => ({ choice, select: selectOf(rows, choice) }));
  const check = create('input', { type: 'checkbox', checked: box?.isChecked ?? false });
  const status = create('p', { className: 'count', role: 'status' });
  const body = create('tbody');
  const headers = columns.map((column) => {
    const { heading } = column;
    const button = create('button', { type: 'button' }, heading);
    const th = create('th', { scope: 'col', className: classOf(column) }, button);
    button.addEventListener('click', () => sortBy(heading));
    return th;
  });
  const head = create('tr', {}, create('td', { className: 'unfold' }), ...headers);
  let { heading: sorted, isDescending } = options.sorted ?? { heading: '', isDescending: false };
  let most = MOST_ROWS;
  const texts = new Map(rows.map((row) => [row, textOf(row).toLowerCase()]));
  const more = create('button', { type: 'button', className: 'more' }, 'Show all rows');
  more.addEventListener('click', () => {
    most = Number.POSITIVE_INFINITY;
    show();
  });

  function sortBy(heading: string): void {
    const isFigure = columns.find((column) => column.heading === heading)?.isFigure ?? false;
    // Of figures the largest come first, as they are what one looks for.
    isDescending = sorted === heading ? !isDescending : isFigure;
    sorted = heading;
    show();
  }

  function kept(): Row[] {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = rows.filter((row) => {
      const text = texts.get(row) ?? '';
      const isChosen = selects.every(
        ({ choice, select }) => select.value === '' || choice.valueOf(row) === select.value,
      );
      return (
        isChosen &&
        words.every((word) => text.includes(word)) &&
        (!check.checked || box === undefined || box.keeps(row))
      );
    });
    const column = columns.find(({ heading }) => heading === sorted);
    return column === undefined ? found : found.sort((a, b) => order(column.value(a), column.value(b), isDescending));
  }

  function show(): void {
    const found = kept();
    body.replaceChildren(...found.slice(0, most).flatMap((row, i) => linesOf(row, `${idOf(label)}-${i}`)));
    status.textContent = `${found.length} of ${rows.length} shown${found.length > most ? `, the first ${most} at once` : ''}`;
    more.hidden = found.length <= most;
    for (const [i, { heading }] of columns.entries()) {
      headers[i].ariaSort = heading === sorted ? (isDescending ? 'descending' : 'ascending') : 'none';
    }
  }

  function linesOf(row: Row, id: string): HTMLTableRowElement[] {
    const rest = columns.filter(({ isPartOfName }) => isPartOfName).map((part) => textOfCell(row, part));
    const name = [textOfCell(row, columns[0]), ...rest].join(' · ');
    const button = create('button', { type: 'button', ariaExpanded: 'false', ariaLabel: `more of ${name}` });
    button.setAttribute('aria-controls', id);
    const cell = create('td', { colSpan: columns.length + 1 });
    const unfolded = create('tr', { id, className: 'detail', hidden: true }, cell);
    const cells = columns.map((column, i) => {
      const className = classOf(column);
      const content = column.cell?.(row) ?? textOfCell(row, column);
      if (i > 0) return create('td', { className }, content);
      return create('th', { scope: 'row', className }, content, create('small', {}, rest.join(' · ')));
    });
    button.addEventListener('click', () => {
      unfolded.hidden = !unfolded.hidden;
      button.ariaExpanded = String(!unfolded.hidden);
      if (!unfolded.hidden && cell.childNodes.length === 0) cell.append(create('div', {}, ...detail(row)));
    });
    return [create('tr', {}, create('td', { className: 'unfold' }, button), ...cells), unfolded];
  }

  for (const control of [search, ...selects.map(({ select }) => select), check])
    control.addEventListener('input', show);
  const controls = create(
    'form',
    { className: 'controls' },
    labelled('Search', search),
    ...selects.map(({ choice, select }) => labelled(choice.label, select)),
    ...(box === undefined ? [] : [create('label', { className: 'check' }, check, ` ${box.label}`)]),
  );
  controls.addEventListener('submit', (event) => event.preventDefault());
  const table = create('table', {}, create('caption', {}, label), create('thead', {}, head), body);
  const scroll = create(
    'div',
    { className: 'scroll', tabIndex: 0, role: 'region', ariaLabel: `${label}, table` },
    table,
  );
  show();
  return create('div', {}, controls, status, scroll, more);
}

function classOf<Row>({ isFigure, isPartOfName }: Column<Row>): string {
  return `${isFigure ? 'figure' : 'word'}${isPartOfName ? ' part' : ''}`;
}

function textOfCell<Row>(row: Row, column: Column<Row>): string {
  return String(column.value(row) ?? '');
}

function labelled(label: string, control: HTMLElement): HTMLLabelElement {
  return create('label', {}, create('span', {}, label), control);
}

function selectOf<Row>(rows: readonly Row[], choice: Choice<Row>): HTMLSelectElement {
  const values = [...new Set(rows.map((row) => choice.valueOf(row)))].filter(Boolean).sort();
  return create(
    'select',
    {},
    create('option', { value: '' }, 'all'),
    ...values.map((value) => create('option', { value }, value)),
  );
}

type Value = string | number | undefined;

function order(a: Value, b: Value, isDescending: boolean): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const ascending =
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), 'en', { numeric: true });
  return isDescending ? -ascending : ascending;
}

function idOf(label: string): string {
  return label.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
