// What is the same on every repetition is compared exactly: drift under a seed, and bytes. Any change is an event.
import { columns, type ResultRow } from './columns.ts';

/** Of these, more or less is better in any digit. */
const exactColumns = columns.filter((column) => 'better' in column);

export interface ExactChange {
  readonly column: string;
  readonly base: number;
  readonly head: number;
  readonly isWorse: boolean;
}

/** Figures that both rows have and that differ in any digit. */
export function exactChanges(base: ResultRow, head: ResultRow): ExactChange[] {
  return exactColumns.flatMap(({ name: column, better }) => {
    const [before, after] = [base[column], head[column]];
    if (before === undefined || after === undefined || before === after) return [];
    return [{ column, base: before, head: after, isWorse: better === 'more' ? after < before : after > before }];
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
