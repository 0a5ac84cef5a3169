// What an archive is: a Parquet file with the rows of many CSVs, one after the other, typed as the columns are; the column
// `source` names the CSV, and the file's own metadata say what each CSV was, so that its bytes can be made again.
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { cellOfValue } from './cells.ts';
import { type Connection, quotedName, quotedPaths, quotedText, sentenceOf } from './duckdb.ts';

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
    throw new InputError(`${path}: must be Parquet, got ${visibleText(sentenceOf(error))}`);
  }
}

/** The CSV's bytes, made again of the archive, piece by piece. Throws InputError where the archive can't be read. */
export async function* csvOf(
  connection: Connection,
  archive: string,
  { headers }: Contents,
  { name, header }: ArchivedFile,
): AsyncGenerator<Buffer> {
  const columns = headers[header];
  yield Buffer.from(`${columns.join(',')}\n`);
  const line = columns.map(cellOfValue).join(` || ',' || `);
  const sql = `SELECT ${line} || chr(10) AS ${quotedName('line')} FROM read_parquet(${quotedPaths([archive])}) WHERE source = ${quotedText(name)}`;
  try {
    const result = await connection.stream(sql);
    for await (const rows of result.yieldRowsJson()) yield Buffer.from(rows.map(([text]) => text).join(''));
  } catch (error) {
    throw new InputError(`${archive}: must be a whole archive, got ${visibleText(sentenceOf(error))}`);
  }
}
