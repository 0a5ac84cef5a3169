// The values of a safetensors file whose header was read and checked before: all that a case's process needs of it.

import { closeSync, openSync, readSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';
import type { TensorBytes } from '../contract/problem.ts';

/** One `read` call takes at most 2³¹ − 1 bytes. */
const MAX_READ_BYTES = 2 ** 30;

/** The types that are read, each widened to float32 without loss. Files and Node's platforms are little-endian. */
export const DECODERS: Readonly<Record<string, (buffer: ArrayBuffer) => Float32Array>> = {
  F32: (buffer) => new Float32Array(buffer),
  F16: (buffer) => new Float32Array(new Float16Array(buffer)),
  BF16: widenBfloat16,
};

/** bfloat16 is the upper half of a float32. A loop, since `from` goes through a list, which no large tensor fits in. */
function widenBfloat16(buffer: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(buffer);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}

/** One tensor's values, row-major; the other tensors are not read. Throws InputError where the file is shorter by now. */
export function readTensor(path: string, { dtype, byteOffset, byteLength }: TensorBytes): Float32Array {
  return withFile(path, (file) => DECODERS[dtype](readBytes(path, file, byteOffset, byteLength).buffer));
}

export function withFile<T>(path: string, use: (file: number) => T): T {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return use(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error) {
      throw new InputError(`${path}: must be a readable file, got ${String(error.code)}`);
    }
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The first bytes of a file, one character each; fewer where it is shorter. */
export function readStart(path: string, byteLength: number): string {
  return withFile(path, (file) => {
    const bytes = Buffer.alloc(byteLength);
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, byteLength, 0));
  });
}

export function readBytes(path: string, file: number, position: number, byteLength: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  for (let filled = 0; filled < byteLength; ) {
    const count = readSync(file, bytes, filled, Math.min(byteLength - filled, MAX_READ_BYTES), position + filled);
    if (count === 0) {
      throw new InputError(`${path}: must hold ${position + byteLength} bytes, got ${position + filled}`);
    }
    filled += count;
  }
  return bytes;
}
