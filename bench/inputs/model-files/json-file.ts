import { readFileSync } from 'node:fs';
import { InputError } from '../../contract/input-error.ts';
import { knownBeginning } from '../foreign-file.ts';

/** Throws InputError where it is missing or no JSON, and says so where it is a pointer of Git LFS. */
export function readJson(path: string): unknown {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new InputError(`${path}: must be JSON, got ${knownBeginning(text) ?? 'something else'}`);
    }
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new InputError(`${path}: must be a readable file, got ${String(code)}`);
  }
}
