// The values of a tensor in a file whose header was read and checked before: all that a case's process needs of it.
import { closeSync, openSync, readSync } from 'node:fs';
import { InputError } from '../contract/input-error.ts';
import type { TensorBytes } from '../contract/problem.ts';
import { willLeave } from './garbage.ts';
import { type BlockType, blockTypes, valuesOfBlocks } from './model-files/gguf-values.ts';

/** One `read` call takes at most 2³¹ − 1 bytes. */
const MAX_READ_BYTES = 2 ** 30;

type Decode = (bytes: Uint8Array<ArrayBuffer>) => Float32Array;

/** Types of single numbers that are read, each widened to float32 without loss; F64 is rounded. Files and Node's platforms are little-endian. */
export const NUMBERS: Readonly<Record<string, Decode>> = {
  F64: ({ buffer }) => new Float32Array(new Float64Array(buffer)),
  F32: ({ buffer }) => new Float32Array(buffer),
  F16: ({ buffer }) => new Float32Array(new Float16Array(buffer)),
  BF16: ({ buffer }) => widenUpperHalves(new Uint16Array(buffer)),
  F8_E4M3: (bytes) => lookUp(bytes, e4m3),
  // The upper half of a float16.
  F8_E5M2: (bytes) => lookUp(bytes, (code) => new Float16Array(Uint16Array.of(code << 8).buffer)[0]),
};

/** Types of GGUF's blocks too. */
const DECODERS: Readonly<Record<string, Decode>> = {
  ...NUMBERS,
  ...Object.fromEntries(
    blockTypes.map((type: BlockType) => [type, (bytes: Uint8Array) => valuesOfBlocks(type, bytes)]),
  ),
};

export const readTypes: readonly string[] = Object.keys(DECODERS);

export function isRead(dtype: string): boolean {
  return Object.hasOwn(DECODERS, dtype);
}

/** bfloat16 is the upper half of a float32. A loop, since `from` goes through a list, which no large tensor fits in. */
function widenUpperHalves(halves: Uint16Array): Float32Array {
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return new Float32Array(words.buffer);
}

function lookUp(bytes: Uint8Array, ofCode: (code: number) => number): Float32Array {
  const values = Float32Array.from({ length: 256 }, (_, code) => ofCode(code));
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = values[bytes[i]];
  return out;
}

/** OCP's E4M3: no infinities, and NaN where all bits but the sign are set. */
function e4m3(code: number): number {
  const [exponent, mantissa] = [(code >> 3) & 15, code & 7];
  if ((code & 127) === 127) return NaN;
  const magnitude = exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10);
  return code < 128 ? magnitude : -magnitude;
}

/** Bytes that lie beside a tensor's values while it is read: some four million, whole blocks of every type. */
export const PIECE_BYTES = 4 * (2 ** 4 * 3 ** 2 * 5 * 7 * 11 * 17);

/** One tensor's values, row-major; the other tensors are not read. Throws InputError where the file is shorter by now. */
export function readTensor(path: string, tensor: TensorBytes): Float32Array {
  const values = decodeTensor(path, tensor);
  willLeave(values.byteLength);
  return values;
}

function decodeTensor(path: string, { dtype, byteOffset, byteLength }: TensorBytes): Float32Array {
  return withFile(path, (file) => {
    const decode = (from: number) => {
      const bytes = readBytes(path, file, byteOffset + from, Math.min(PIECE_BYTES, byteLength - from));
      const values = DECODERS[dtype](bytes);
      willLeave(bytes.length + (byteLength <= PIECE_BYTES ? 0 : values.byteLength));
      return values;
    };
    const first = decode(0);
    if (byteLength <= PIECE_BYTES) return first;
    const values = new Float32Array((first.length / PIECE_BYTES) * byteLength);
    values.set(first);
    for (let from = PIECE_BYTES; from < byteLength; from += PIECE_BYTES) {
      values.set(decode(from), (first.length / PIECE_BYTES) * from);
    }
    return values;
  });
}

/** Rows of a matrix [N,K] that have these numbers, side by side. */
export function readRows(path: string, tensor: TensorBytes, N: number, numbers: readonly number[]): Float32Array {
  const { dtype, byteOffset, byteLength } = tensor;
  const rowBytes = byteLength / N;
  return withFile(path, (file) => {
    const bytes = new Uint8Array(numbers.length * rowBytes);
    for (const [i, row] of numbers.entries()) {
      bytes.set(readBytes(path, file, byteOffset + row * rowBytes, rowBytes), i * rowBytes);
    }
    return DECODERS[dtype](bytes);
  });
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
