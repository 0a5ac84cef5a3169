// Texts of the user's that models are scored and calibrated on.
import { readFileSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';

/** Throws InputError where the file can't be read or is no UTF-8; `flag` gave it. */
export function readText(path: string, flag: string): string {
  const bytes = readBytes(path, flag);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${flag}: must be text in UTF-8, got other bytes in ${path}`);
  }
}

function readBytes(path: string, flag: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError(
      `${flag}: must be a file that can be read, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}

/** What two texts have in common by chance, such as a figure of speech or a licence's first line, is shorter. */
const SHARED_CHARACTERS = 200;

/** A stretch of 200 characters or more that stands in both; undefined where there is none that long. Shorter ones may be found. */
export function sharedStretch(one: string, other: string): string | undefined {
  // Of any stretch so long, wherever it begins, one of these pieces is a part.
  const length = SHARED_CHARACTERS / 2;
  const pieces = new Set(
    Array.from({ length: Math.floor(one.length / length) }, (_, i) => one.slice(i * length, (i + 1) * length)),
  );
  for (let at = 0; at + length <= other.length; at++) {
    const piece = other.slice(at, at + length);
    if (pieces.has(piece)) return piece;
  }
  return undefined;
}
