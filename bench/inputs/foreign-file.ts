// What a file is that was given for a safetensors file and is none, so that a message can say how to mend it.
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
  const start = readStart(path, START_BYTES);
  const known = knownBeginning(start);
  if (known !== undefined) return known;
  if (start.startsWith('{')) return 'a JSON file; give the .safetensors file beside it';
  if (start.length <= HEADER_AT || start[HEADER_AT] === '{') return undefined;
  return `something else, which begins with "${visibleText(start.slice(0, 20))}"`;
}

/** What a file is that begins so; undefined where that is not told by its beginning. */
export function knownBeginning(start: string): string | undefined {
  return BEGINNINGS.find(([beginning]) =>
    typeof beginning === 'string' ? start.startsWith(beginning) : beginning.test(start),
  )?.[1];
}
