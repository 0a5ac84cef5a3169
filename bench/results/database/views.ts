// The views that a query asks: `rows`, `samples`, `runs`, `latest` and `events`. Only what a query touches is read, so
// they stand over the files themselves; once they stand, no other file can be reached.
import { copyFileSync, mkdtempSync, truncateSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { columns, SCHEMA_VERSION } from '../columns.ts';
import { readEvents } from '../events.ts';
import { CLOCK_SLACK_MS } from '../history.ts';
import { LEFT_OUT } from '../left-out.ts';
import { readManifest } from '../manifest.ts';
import { wholeSize } from '../whole-lines.ts';
import { readContents } from './archive-format.ts';
import { SQL_TYPES, typeInCsv, typeOfColumn, valueOfCell } from './cells.ts';
import { type Connection, quotedName, quotedPath, quotedPaths, quotedText, sentenceOf } from './duckdb.ts';
import { type CsvSource, type Sources, sha256Of, splitSource } from './sources.ts';

/** Makes the views and locks the database; gives what was noticed, in sentences. Throws InputError on damaged files. */
export async function createViews(connection: Connection, sources: Sources, scratch: string): Promise<string[]> {
  const notes = [...sources.notes];
  const whole = await withoutArchived(connection, sources, notes);
  const csvs = whole.flatMap((csv) => split(csv, scratch, notes)).map((csv) => cutShort(csv, scratch, notes));
  await connection.run(`CREATE VIEW rows AS ${await rowsQuery(connection, csvs, sources.parquets)}`);
  await connection.run(`CREATE VIEW samples AS ${samplesQuery(sources.samples)}`);
  await createManifests(connection, sources.manifests, notes);
  await connection.run(`CREATE VIEW runs AS ${RUNS}`);
  await createEvents(connection, sources.events, notes);
  await connection.run(`CREATE VIEW latest AS ${latestQuery(Date.now())}`);
  await lock(connection, [...csvs.map(({ path }) => path), ...sources.parquets, ...sources.samples]);
  return notes;
}

async function lock(connection: Connection, paths: readonly string[]): Promise<void> {
  // DuckDB asks for a path as the views spell it, and for the file that this came to.
  const spellings = [...paths.map(quotedText), ...paths.map(quotedPath)];
  await connection.run(`SET allowed_paths = [${spellings.join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

/** An archive and the CSV it was made of lie side by side where `tare archive` was killed. */
async function withoutArchived(connection: Connection, { csvs, parquets }: Sources, notes: string[]) {
  const archived = new Map<string, string>();
  for (const path of parquets) {
    const contents = await readContents(connection, path);
    for (const { name, sha256 } of contents?.files ?? []) archived.set(name, sha256);
  }
  return csvs.filter(({ path }) => {
    const name = basename(path);
    const isArchived = archived.has(name) && archived.get(name) === sha256Of(path);
    if (isArchived) notes.push(`${visibleText(name)}: is archived too and counts once`);
    return !isArchived;
  });
}

/** DuckDB knows one header a file. */
function split(csv: CsvSource, scratch: string, notes: string[]): CsvSource[] {
  if (csv.laterHeaders.length === 0) return [csv];
  const parts = splitSource(csv, scratch);
  notes.push(`${visibleText(basename(csv.path))}: holds ${parts.length} files, one behind the other; all are read`);
  return parts;
}

/** DuckDB reads files to their end: one whose last line is unfinished is read from a copy without it. */
function cutShort(csv: CsvSource, scratch: string, notes: string[]): CsvSource {
  if (!csv.isCut) return csv;
  const name = basename(csv.path);
  notes.push(`${visibleText(name)}: the last line is unfinished or damaged and was left out`);
  const path = join(mkdtempSync(join(scratch, 'cut-')), name);
  copyFileSync(csv.path, path);
  truncateSync(path, wholeSize(csv.path));
  return { ...csv, path };
}

/** All columns there are, in the order of the table, then those this version doesn't know; `file` comes last. */
async function rowsQuery(
  connection: Connection,
  csvs: readonly CsvSource[],
  parquets: readonly string[],
): Promise<string> {
  const none = columns.map(({ name, type }) => `CAST(NULL AS ${SQL_TYPES[type]}) AS ${quotedName(name)}`);
  const byDialect = Map.groupBy(csvs, ({ header, delimiter }) => JSON.stringify([header, delimiter]));
  const parts = [
    `SELECT ${none.join(', ')} WHERE false`,
    ...[...byDialect.values()].map(csvQuery),
    ...(parquets.length > 0 ? [await parquetQuery(connection, parquets)] : []),
  ];
  return `SELECT * EXCLUDE (file), file FROM (${parts.join('\nUNION ALL BY NAME\n')}\nUNION ALL BY NAME SELECT CAST(NULL AS VARCHAR) AS file WHERE false)`;
}

/** Of files with the same header, whose cells are typed by the table of columns. */
function csvQuery(csvs: readonly CsvSource[]): string {
  const [{ header }] = csvs;
  const values = distinctNames(header).map(valueOfCell);
  const isRow = `CASE WHEN schema_version = ${SCHEMA_VERSION} AND case_id IS NOT NULL THEN true
    WHEN schema_version = ${SCHEMA_VERSION} THEN error(filename || ': must have a case_id in every row, got none')
    ELSE error(filename || ': must be of schema version ${SCHEMA_VERSION}, got ' || coalesce(CAST(schema_version AS VARCHAR), 'none')) END`;
  return `SELECT ${values.join(', ')}, parse_filename(filename) AS file FROM ${readCsv(csvs)} WHERE ${isRow}`;
}

/** Cells, read by column, and `filename`, the path. */
export function readCsv(csvs: readonly CsvSource[]): string {
  const [{ header, delimiter }] = csvs;
  const distinct = new Set(distinctNames(header));
  const types = header.map((name, i) => {
    // A name that stands there again is not taken a second time.
    const isTaken = distinct.delete(name);
    return `${quotedText(isTaken ? name : `column ${i + 1}`)}: '${isTaken ? typeInCsv(name) : 'VARCHAR'}'`;
  });
  return `read_csv(${quotedPaths(csvs.map(({ path }) => path))}, auto_detect = false, header = true, filename = true,
    delim = ${quotedText(delimiter)}, quote = '"', escape = '"', nullstr = ['', 'NA'],
    decimal_separator = '${delimiter === ',' ? '.' : ','}', columns = {${types.join(', ')}})`;
}

/** Names differ in more than case, as SQL asks; of names that don't, the first. */
export function distinctNames(header: readonly string[]): string[] {
  const lower = header.map((name) => name.toLowerCase());
  return header.filter((name, i) => name !== '' && lower.indexOf(lower[i]) === i);
}

async function parquetQuery(connection: Connection, parquets: readonly string[]): Promise<string> {
  const table = `read_parquet(${quotedPaths(parquets)}, union_by_name = true, filename = true)`;
  const names = await columnNames(connection, table);
  if (!names.includes('case_id')) throw new InputError(`${parquets[0]}: must hold rows of results, got no case_id`);
  const values = names
    .filter((name) => name !== 'source' && name !== 'filename')
    .map((name) => `CAST(${quotedName(name)} AS ${SQL_TYPES[typeOfColumn(name)]}) AS ${quotedName(name)}`);
  const file = names.includes('source') ? 'source' : 'parse_filename(filename)';
  return `SELECT ${values.join(', ')}, ${file} AS file FROM ${table}`;
}

async function columnNames(connection: Connection, table: string): Promise<string[]> {
  try {
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${table}`);
    return described.getRowObjectsJson().map(({ column_name }) => String(column_name));
  } catch (error) {
    throw new InputError(visibleText(sentenceOf(error)));
  }
}

/** Of a line of samples; DuckDB sets twice that aside for each file. */
const MAX_LINE_BYTES = 2 ** 25;

/** A row for each sample: `kind` is candidate or baseline, `round` counts from 1. Damaged lines are passed over. */
function samplesQuery(samples: readonly string[]): string {
  const types = `{case_id: 'VARCHAR', pass: 'INTEGER', candidate_ns: 'DOUBLE[][]', baseline_ns: 'DOUBLE[][]'}`;
  const records =
    samples.length > 0
      ? `read_json(${quotedPaths(samples)}, format = 'newline_delimited', columns = ${types}, ignore_errors = true, filename = true, maximum_object_size = ${MAX_LINE_BYTES})`
      : `(SELECT NULL::VARCHAR AS case_id, NULL::INTEGER AS pass, NULL::DOUBLE[][] AS candidate_ns, NULL::DOUBLE[][] AS baseline_ns, NULL::VARCHAR AS filename WHERE false)`;
  const rounds = (kind: string) =>
    `SELECT replace(parse_filename(filename), '.samples.jsonl', '') AS run_id, case_id, coalesce(pass, 1) AS pass, '${kind}' AS kind,
      unnest(range(1, len(${kind}_ns) + 1)) AS round, unnest(${kind}_ns) AS times FROM ${records}`;
  return `SELECT run_id, case_id, pass, kind, round, unnest(times) AS ns FROM (${rounds('candidate')} UNION ALL ${rounds('baseline')})`;
}

/** Of the manifests, those that can't be read passed over. */
async function createManifests(connection: Connection, paths: readonly string[], notes: string[]): Promise<void> {
  const records = paths.flatMap((path) => {
    try {
      const { run_id, state, finished_at, case_ids, arguments: asked, machine, started_at } = readManifest(path);
      return [{ run_id, started_at, finished_at, state, planned: case_ids.length, asked, machine }];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      notes.push(`passed over ${error.message}`);
      return [];
    }
  });
  await createTable(connection, 'manifests', MANIFEST_COLUMNS, records);
}

const MANIFEST_COLUMNS = {
  run_id: 'VARCHAR',
  started_at: 'VARCHAR',
  finished_at: 'VARCHAR',
  state: 'VARCHAR',
  planned: 'BIGINT',
  asked: 'JSON',
  machine: 'JSON',
};

/** What people said: each field that a kind may have is a column. Lines that are no event are passed over. */
async function createEvents(connection: Connection, paths: readonly string[], notes: string[]): Promise<void> {
  const read = paths.map((path) => readEvents(dirname(path)));
  notes.push(...read.flatMap((each) => each.notes));
  const records = read.flatMap(({ events }) => events);
  await createTable(connection, 'events', EVENT_COLUMNS, records);
}

const EVENT_COLUMNS = {
  at: 'VARCHAR',
  kind: 'VARCHAR',
  cases: 'VARCHAR',
  commit: 'VARCHAR',
  until: 'VARCHAR',
  machine: 'VARCHAR',
  text: 'VARCHAR',
};

async function createTable(
  connection: Connection,
  name: string,
  types: Readonly<Record<string, string>>,
  records: readonly object[],
): Promise<void> {
  const structure = quotedText(JSON.stringify([types]));
  await connection.run(`CREATE TABLE ${name} AS SELECT unnest(from_json($1::JSON, ${structure}), recursive := true)`, [
    JSON.stringify(records),
  ]);
}

/** A line a run: what it came to, by its rows, and what was asked, by its manifest where it has one. */
const RUNS = `
  SELECT run_id, coalesce(r.started_at, m.started_at) AS started_at, finished_at, state, planned,
    * EXCLUDE (run_id, started_at, finished_at, state, planned, asked, machine), asked, machine
  FROM (
    SELECT run_id, min(started_at) AS started_at, count(*) AS cases, count(*) FILTER (status = 'ok') AS ok,
      count(*) FILTER (status = 'noisy') AS noisy, count(*) FILTER (status IN ('skipped', 'unsupported')) AS skipped,
      count(*) FILTER (status NOT IN ('ok', 'noisy', 'skipped', 'unsupported') OR NOT drift_ok) AS failed,
      sum(took_s) AS took_s, any_value(git_commit) AS git_commit, any_value(git_dirty) AS git_dirty,
      any_value(cpu_model) AS cpu_model, any_value(cpu_count) AS cpu_count, any_value(os) AS os,
      any_value(node_version) AS node_version, any_value(file) AS file
    FROM rows GROUP BY run_id
  ) r FULL JOIN manifests m USING (run_id)`;

/**
 * The newest row of each case on each kind of machine. A row dated in the future would stay the newest for years, so it
 * doesn't count, nor does one that says only that a time budget had no room or a shard is missing.
 */
function latestQuery(nowMs: number): string {
  const limit = new Date(nowMs + CLOCK_SLACK_MS).toISOString();
  return `SELECT * FROM rows WHERE started_at <= '${limit}' AND NOT (status = 'skipped' AND coalesce(reason, '') IN (${LEFT_OUT.map((reason) => `'${reason}'`).join(', ')}))
    QUALIFY row_number() OVER (PARTITION BY case_id, env_hash ORDER BY started_at DESC, file DESC) = 1`;
}
