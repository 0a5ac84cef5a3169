// One SELECT or EXPLAIN and nothing else, by DuckDB's own parser. Without this a statement could write over the very files
// that the views stand on, which are the only ones it can reach.
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { type Connection, sentenceOf } from './duckdb.ts';

/** Table functions that only make rows of their arguments; others read files, or write logs into them. */
const HARMLESS = ['range', 'generate_series', 'unnest', 'json_each', 'json_tree'];

/** DuckDB says of an EXPLAIN only that it is one, and EXPLAIN ANALYZE runs what stands behind it. */
const EXPLAIN = /^\s*explain\s+(?:analyze\s+)?(?:\([^()]*\)\s*)?/i;

/** Throws InputError on what is not exactly one of them, before anything of it is run. */
export async function assertReadOnly(connection: Connection, sql: string): Promise<void> {
  const count = await countStatements(connection, sql);
  if (count !== 1)
    throw new InputError(`query: must be one SELECT or EXPLAIN, got ${count === 0 ? 'none' : `${count} statements`}`);
  const parsed = await parse(connection, sql.replace(EXPLAIN, ''));
  if (parsed.statements?.length !== 1)
    throw new InputError(
      `query: must be a SELECT or EXPLAIN, got ${firstWords(sql)}; tare query reads and never writes`,
    );
  const foreign = tableFunctionsIn(parsed.statements).find((name) => !HARMLESS.includes(name.toLowerCase()));
  if (foreign !== undefined)
    throw new InputError(
      `query: must read rows, samples, runs, latest or events, got ${visibleText(foreign)}(); name files behind the query`,
    );
}

async function countStatements(connection: Connection, sql: string): Promise<number> {
  if ((await parse(connection, sql)).statements?.length === 0) return 0;
  try {
    return (await connection.extractStatements(sql)).count;
  } catch (error) {
    throw new InputError(`query: ${visibleText(sentenceOf(error))}`);
  }
}

interface Parsed {
  /** Missing where it is no SELECT, or none that can be parsed. */
  readonly statements?: readonly object[];
}

async function parse(connection: Connection, sql: string): Promise<Parsed> {
  const [row] = (
    await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR) AS tree', [sql])
  ).getRowObjectsJson();
  return JSON.parse(String(row.tree));
}

/** Names of the functions that stand where a table does, however deep. */
function tableFunctionsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = 'function' in node && isNamed(node.function) ? [node.function.function_name] : [];
  return [...own, ...Object.values(node).flatMap(tableFunctionsIn)];
}

function isNamed(node: unknown): node is { readonly function_name: string } {
  return typeof node === 'object' && node !== null && 'function_name' in node;
}

function firstWords(sql: string): string {
  return visibleText(sql.trim().split(/\s+/).slice(0, 2).join(' ').slice(0, 40)).toUpperCase();
}
