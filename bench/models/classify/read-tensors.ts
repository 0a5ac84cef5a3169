import { readHeader } from '../../inputs/safetensors.ts';
import { readTensor } from '../../inputs/tensor-data.ts';

/** All tensors of a small file by their names. */
export function readTensors(path: string): Record<string, Float32Array> {
  return Object.fromEntries(readHeader(path).map((entry) => [entry.name, readTensor(path, entry)]));
}
