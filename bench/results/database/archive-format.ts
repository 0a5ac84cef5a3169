// What an archive is: a Parquet file with the rows of many CSVs, one after the other, typed as the columns are; the column
// `source` names the CSV, and the file's own metadata say what each CSV was, so that its bytes can be made again.
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { cellOfValue } from './cells.ts';
import { type Connection, quotedPaths, quotedText, sentenceOf } from './duckdb.ts';

const ArchivedFile = z.object({
  /** Within its folder. */
  name: z.string(),
  bytes: z.number().int(),
  sha256: z.string(),
  /** Which of the headers. */
  header: z.number().int(),
});
const Contents = z.object({ headers: z.array(z.array(z.string())), files: z.array(ArchivedFile) });

export type ArchivedFile = z.infer<typeof ArchivedFile>;
/** What an archive holds, in the order of its rows. */
export type Contents = z.infer<typeof Contents>;

/** Key of the metadata. */
export const CONTENTS_KEY = 'tare_archive';

/** Undefined for a Parquet file that another program made. Throws InputError on one that can't be read. */
export async function readContents(connection: Connection, path: string): Promise<Contents | undefined> {
  const sql = `SELECT decode(value) AS contents FROM parquet_kv_metadata(${quotedPaths([path])}) WHERE decode(key) = '${CONTENTS_KEY}'`;
  try {
    const [row] = (await connection.runAndReadAll(sql)).getRowObjectsJson();
    return row && Contents.parse(JSON.parse(String(row.contents)));
  } catch (error) {
    throw damaged(path, error);
  }
}

/** A piece of a CSV. */
export interface MadeAgain {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * The bytes of the CSVs, made again of the archive, piece by piece, one CSV after the other. Throws InputError where the
 * archive can't be read.
 */
export async function* makeCsvs(
  connection: Connection,
  archive: string,
  { headers, files }: Contents,
): AsyncGenerator<MadeAgain> {
  for (const [i, header] of headers.entries()) {
    const own = files.filter((file) => file.header === i);
    if (own.length === 0) continue;
    const begun = new Set<string>();
    for await (const { name, bytes } of linesOf(connection, archive, header, own)) {
      if (!begun.has(name)) yield { name, bytes: Buffer.from(`${header.join(',')}\n`) };
      begun.add(name);
      yield { name, bytes };
    }
  }
}

async function* linesOf(
  connection: Connection,
  archive: string,
  header: readonly string[],
  files: readonly ArchivedFile[],
): AsyncGenerator<MadeAgain> {
  const line = `concat_ws(',', ${header.map(cellOfValue).join(', ')})`;
  const names = files.map(({ name }) => quotedText(name)).join(', ');
  const sql = `SELECT source, ${line} || chr(10) FROM read_parquet(${quotedPaths([archive])}) WHERE source IN (${names})`;
  try {
    for await (const rows of (await connection.stream(sql)).yieldRowsJson()) {
      for (let from = 0; from < rows.length; ) {
        const [name] = rows[from];
        const other = rows.findIndex(([source], i) => i > from && source !== name);
        const to = other < 0 ? rows.length : other;
        const text = rows.slice(from, to).map(([, row]) => row);
        yield { name: String(name), bytes: Buffer.from(text.join('')) };
        from = to;
      }
    }
  } catch (error) {
    throw damaged(archive, error);
  }
}

function damaged(archive: string, error: unknown): InputError {
  return new InputError(`${archive}: must be a whole archive, got ${visibleText(sentenceOf(error))}`);
}
