// Prints the CSVs that archives hold, for archived-csvs.ts.
import { once } from 'node:events';
import { InputError } from '../../contract/input-error.ts';
import { type PieceHead, REFUSED } from '../archived-csvs.ts';
import { makeCsvs, readContents } from './archive-format.ts';
import { openDatabase } from './duckdb.ts';

/** What DuckDB may take. */
const MEMORY_MB = 2048;

try {
  const connection = await openDatabase(MEMORY_MB);
  for (const archive of process.argv.slice(2)) {
    const contents = await readContents(connection, archive);
    if (contents === undefined) continue;
    for await (const { name, bytes } of makeCsvs(connection, archive, contents)) {
      const head: PieceHead = { name, size: bytes.length };
      process.stdout.write(`${JSON.stringify(head)}\n`);
      if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
    }
  }
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = REFUSED;
}
