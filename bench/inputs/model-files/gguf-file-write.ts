// Writes GGUF files of any content. Format: ggml-org/ggml, docs/gguf.md.
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { type GgufType, ggufBytes, ggufTypes } from '../../contract/gguf-type.ts';
import {
  DEFAULT_ALIGNMENT,
  type GgufMetadata,
  type GgufValue,
  MAGIC,
  type Scalar,
  type ScalarType,
  valueTypes,
} from './gguf-metadata.ts';

export interface NewGgufTensor {
  readonly name: string;
  /** Outermost first; the last is whole blocks of the type. */
  readonly shape: readonly number[];
  readonly type: GgufType;
  /** Made when it is written, so that one tensor is held at a time. */
  bytes(): Uint8Array;
}

const VERSION = 3;

/** Under its name once it is whole. Equal arguments write equal files. */
export function writeGgufFile(path: string, metadata: GgufMetadata, tensors: readonly NewGgufTensor[]): void {
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  try {
    writeAll(file, headerBytes(metadata, tensors));
    for (const tensor of tensors) writeAll(file, padded(checked(tensor)));
  } catch (error) {
    rmSync(partial);
    throw error;
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

function checked(tensor: NewGgufTensor): Uint8Array {
  const { name, type, shape } = tensor;
  const [bytes, expected] = [tensor.bytes(), ggufBytes(type, shape)];
  if (bytes.length === expected) return bytes;
  throw new Error(`${name}: must take ${expected} bytes as ${type}, got ${bytes.length}`);
}

function headerBytes(metadata: GgufMetadata, tensors: readonly NewGgufTensor[]): Uint8Array {
  const counts = [uint32(VERSION), uint64(tensors.length), uint64(metadata.size)];
  const pairs = [...metadata].flatMap(([key, value]) => [text(key), valueBytes(value)]);
  let offset = 0;
  const infos = tensors.flatMap(({ name, shape, type }) => {
    const place = uint64(offset);
    offset += paddedLength(ggufBytes(type, shape));
    return [text(name), uint32(shape.length), ...shape.toReversed().map(uint64), uint32(ggufTypes[type].id), place];
  });
  return padded(Buffer.concat([Buffer.from(MAGIC), ...counts, ...pairs, ...infos]));
}

function valueBytes({ type, value }: GgufValue): Uint8Array {
  const id = uint32(valueTypes.indexOf(type));
  if (!Array.isArray(value)) return Buffer.concat([id, scalarBytes(type, value as Scalar)]);
  const items = value.map((item) => scalarBytes(type, item));
  return Buffer.concat([uint32(valueTypes.indexOf('array')), id, uint64(items.length), ...items]);
}

function scalarBytes(type: ScalarType, value: Scalar): Uint8Array {
  if (type === 'string') return text(String(value));
  return bytesOf(numbers[type](Number(value)));
}

const numbers: {
  readonly [Type in Exclude<ScalarType, 'string'>]: (value: number) => { readonly buffer: ArrayBuffer };
} = {
  uint8: (value) => Uint8Array.of(value),
  int8: (value) => Int8Array.of(value),
  uint16: (value) => Uint16Array.of(value),
  int16: (value) => Int16Array.of(value),
  uint32: (value) => Uint32Array.of(value),
  int32: (value) => Int32Array.of(value),
  float32: (value) => Float32Array.of(value),
  bool: (value) => Uint8Array.of(value),
  uint64: (value) => BigUint64Array.of(BigInt(value)),
  int64: (value) => BigInt64Array.of(BigInt(value)),
  float64: (value) => Float64Array.of(value),
};

/** Node's platforms are little-endian, as the file is. */
function bytesOf({ buffer }: { readonly buffer: ArrayBuffer }): Uint8Array {
  return new Uint8Array(buffer);
}

function uint32(value: number): Uint8Array {
  return bytesOf(Uint32Array.of(value));
}

function uint64(value: number): Uint8Array {
  return bytesOf(BigUint64Array.of(BigInt(value)));
}

function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function paddedLength(length: number): number {
  return Math.ceil(length / DEFAULT_ALIGNMENT) * DEFAULT_ALIGNMENT;
}

function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % DEFAULT_ALIGNMENT === 0 ? bytes : Buffer.concat([bytes], paddedLength(bytes.length));
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 2 ** 30));
}
