// What a file is that was given for a safetensors file and is none, so that a message can say how to mend it.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { visibleText } from '../contract/visible-text.ts';
import { readStart } from './tensor-data.ts';

/** How a file begins, and what that makes it. */
const BEGINNINGS: readonly (readonly [start: string | RegExp, what: string])[] = [
  [
    'version https://git-lfs.github.com/spec/',
    'a pointer of Git LFS, which stands for the file; `git lfs pull` brings the file itself',
  ],
  ['GGUF', 'a GGUF file; give the safetensors file it was made from'],
  ['PK\x03\x04', "a zip, as PyTorch's .pt and .bin are; save the tensors with safetensors.torch.save_file"],
  // Unless it is the length of a safetensors file's header.
  [/^\x80(?!.{7}\{)/s, "a pickle, as PyTorch's older .bin are; save the tensors with safetensors.torch.save_file"],
  ['\x93NUMPY', 'a NumPy array; save it with safetensors.numpy.save_file'],
  ['\x89HDF', 'an HDF5 file; save its tensors as safetensors'],
  [/^\s*<(!doctype|html)/i, 'a web page; download the file itself'],
];
/** A safetensors file has its header behind eight bytes of length, and that opens with a brace. */
const HEADER_AT = 8;
const START_BYTES = 200;

/** What the path leads to and how to mend it; undefined for what begins as a safetensors file does. Throws InputError where it can't be read. */
export function foreignFile(path: string): string | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return `a folder; ${chooseAmong(filesIn(path), path)}`;
  const start = readStart(path, START_BYTES);
  const known = knownBeginning(start);
  if (known !== undefined) return known;
  if (start.startsWith('{')) return jsonFile(path);
  if (start.length <= HEADER_AT || start[HEADER_AT] === '{') return undefined;
  return `something else, which begins with "${visibleText(start.slice(0, 20))}"`;
}

/** What a file is that begins so; undefined where that is not told by its beginning. */
export function knownBeginning(start: string): string | undefined {
  return BEGINNINGS.find(([beginning]) =>
    typeof beginning === 'string' ? start.startsWith(beginning) : beginning.test(start),
  )?.[1];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .toSorted()
    .map((name) => join(folder, name));
}

const MOST_NAMED = 3;

function chooseAmong(files: readonly string[], place: string): string {
  if (files.length === 0) return `there is no .safetensors file in ${place}`;
  const named = files.slice(0, MOST_NAMED).join(', ');
  return `give one of ${named}${files.length > MOST_NAMED ? `, … (${files.length} files)` : ''}`;
}

const Index = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Large models lie in several files, with an index that says which tensor is in which. */
function jsonFile(path: string): string {
  const parsed = Index.safeParse(parseJson(path));
  if (!parsed.success) return 'a JSON file; give the .safetensors file beside it';
  return `an index of a model in several files; ${chooseAmong([...new Set(Object.values(parsed.data.weight_map))].toSorted(), path)}`;
}

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
