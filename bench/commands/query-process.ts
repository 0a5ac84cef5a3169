// One query in a process of its own, which its parent kills past the time limit: it prints the result, or sends what was
// wrong with the query or the files.
import '../run/leave-with-parent.ts';
import { once } from 'node:events';
import { InputError } from '../contract/input-error.ts';
import { visibleText } from '../contract/visible-text.ts';
import { formatResult, type QueryFormat } from '../report/query-result.ts';
import { type Connection, openDatabase, sentenceOf } from '../results/database/duckdb.ts';
import { assertReadOnly } from '../results/database/read-only.ts';
import { findSources } from '../results/database/sources.ts';
import { createViews } from '../results/database/views.ts';

export interface QueryRequest {
  readonly sql: string;
  readonly paths: readonly string[];
  readonly format: QueryFormat;
  /** Columns of the terminal. */
  readonly width: number;
  readonly memoryMb: number;
  /** A folder that the parent takes away. */
  readonly scratch: string;
}

export type QueryAnswer = { readonly refusal: string } | { readonly bug: string } | { readonly isDone: true };

process.once('message', async (request: QueryRequest) => {
  endPastMemory(request.memoryMb);
  try {
    await answer(request);
    tell({ isDone: true });
  } catch (error) {
    tell(
      error instanceof InputError
        ? { refusal: error.message }
        : { bug: `${error instanceof Error ? error.stack : error}` },
    );
  }
});

async function answer({ sql, paths, format, width, memoryMb, scratch }: QueryRequest): Promise<void> {
  const connection = await openDatabase(memoryMb);
  await assertReadOnly(connection, sql);
  for (const note of await createViews(connection, findSources(paths), scratch))
    process.stderr.write(`tare: ${note}\n`);
  for await (const text of textOf(connection, sql, format, width))
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

async function* textOf(connection: Connection, sql: string, format: QueryFormat, width: number) {
  try {
    yield* formatResult(await connection.stream(sql), format, width);
  } catch (error) {
    throw new InputError(`query: ${visibleText(sentenceOf(error))}`);
  }
}

/** Leaves once the message is on its way, whatever threads still compute. */
function tell(message: QueryAnswer): void {
  process.send?.(message, undefined, undefined, () => process.kill(process.pid, 'SIGKILL'));
}

const LOOK_EVERY_MS = 100;
/** Of the process beside what DuckDB counts: Node.js itself, rows on their way to text. */
const BESIDE_DUCKDB_MB = 512;

/** DuckDB's own limit knows nothing of some large values. */
function endPastMemory(memoryMb: number): void {
  const limit = (memoryMb + BESIDE_DUCKDB_MB) * 2 ** 20;
  setInterval(() => {
    if (process.memoryUsage.rss() > limit)
      tell({
        refusal: `query: must do with ${memoryMb} MiB of memory, got more; ask for less, or give it more with --memory`,
      });
  }, LOOK_EVERY_MS).unref();
}

/** `tare query … | head` closes the pipe before everything is written, which is no failure. */
process.stdout.on('error', () => tell({ isDone: true }));
