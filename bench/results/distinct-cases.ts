import { isDeepStrictEqual } from 'node:util';
import { InputError } from '../contract/input-error.ts';
import type { ResultRow } from './columns.ts';

/** Each case of each run once. Throws InputError where a case has two rows that differ: either could be the right one. */
export function distinctCases(rows: readonly ResultRow[], name: string): ResultRow[] {
  const seen = new Map<string, number>();
  return rows.filter((row, i) => {
    const key = `${row.run_id} ${row.case_id}`;
    const earlier = seen.get(key);
    if (earlier === undefined) {
      seen.set(key, i);
      return true;
    }
    if (isDeepStrictEqual(rows[earlier], row)) return false;
    throw new InputError(
      `${name}: a run must have a case once, got ${row.case_id} in rows ${earlier + 1} and ${i + 1}, which differ; take one out`,
    );
  });
}
