// Queries in files, bench/results/queries/*.sql: a comment line that describes it, then the query.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const QUERIES_DIR = join(import.meta.dirname, 'queries');

export interface NamedQuery {
  readonly name: string;
  readonly description: string;
  readonly sql: string;
}

/** By name. */
export function namedQueries(): NamedQuery[] {
  const files = readdirSync(QUERIES_DIR).filter((file) => file.endsWith('.sql'));
  return files.toSorted().map((file) => {
    const sql = readFileSync(join(QUERIES_DIR, file), 'utf8');
    return { name: file.replace(/\.sql$/, ''), description: sql.split('\n', 1)[0].replace(/^-- /, ''), sql };
  });
}
