// What is the same on every repetition is compared exactly: drift under a seed, and bytes. Any change is an event.
import { columns, type ResultRow } from './result-row.ts';

type ExactColumn = Exclude<
  Extract<(typeof columns)[number], { group: 'drift' | 'memory'; type: 'integer' | 'number' }>['name'],
  NotExact
>;
/** Budgets are declared, ratios follow from bytes, and resident memory is the runtime's as much as the kernel's. */
type NotExact = 'drift_budget_db' | 'dense_bytes' | 'compression_ratio' | 'peak_rss_bytes';
const NOT_EXACT: ReadonlySet<string> = new Set<NotExact>([
  'drift_budget_db',
  'dense_bytes',
  'compression_ratio',
  'peak_rss_bytes',
]);

/** Of all other figures, less is better. */
const MORE_IS_BETTER: ReadonlySet<string> = new Set(['sqnr_db', 'cosine', 'same_top_pct', 'accuracy_pct']);

const exactColumns = columns
  .filter(({ group, type }) => (group === 'drift' || group === 'memory') && (type === 'integer' || type === 'number'))
  .map(({ name }) => name as ExactColumn)
  .filter((name) => !NOT_EXACT.has(name));

export interface ExactChange {
  readonly column: string;
  readonly base: number;
  readonly head: number;
  readonly isWorse: boolean;
}

/** Figures that both rows have and that differ in any digit. */
export function exactChanges(base: ResultRow, head: ResultRow): ExactChange[] {
  return exactColumns.flatMap((column) => {
    const [before, after] = [base[column], head[column]];
    if (before === undefined || after === undefined || before === after) return [];
    return [
      { column, base: before, head: after, isWorse: MORE_IS_BETTER.has(column) ? after < before : after > before },
    ];
  });
}

/** With as many digits as it takes to see the difference. */
export function describeChange({ column, base, head, isWorse }: ExactChange): string {
  let digits = 3;
  const spell = (value: number) =>
    Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
  while (digits < 17 && spell(base) === spell(head)) digits++;
  return `${column} ${spell(base)} → ${spell(head)} (${isWorse ? 'worse' : 'better'})`;
}
