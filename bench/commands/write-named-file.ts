import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InputError } from '../contract/input-error.ts';

/** Measured or said once; nothing that tare draws of them may take their place. */
const RESULTS = /\.csv(?:\.gz)?$|\.run\.json$|\.samples\.jsonl$|^events\.jsonl$|^nights\.jsonl$|\.parquet$/;

/**
 * Writes the file that a flag names. Throws InputError where it can't be written, and where results have its name: of
 * `report history/ -o history/<run>.csv` the night would be gone.
 */
export function writeNamedFile(flag: string, path: string, content: string | Buffer): void {
  if (RESULTS.test(basename(path)))
    throw new InputError(`--${flag}: must be a file that is not named as results are, got ${path}`);
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new InputError(
      `--${flag}: must be a file tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}
