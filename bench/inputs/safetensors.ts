// Reads safetensors files: 8 bytes of little-endian header length, a JSON header, then the tensors' bytes end to end.
// Format: https://huggingface.co/docs/safetensors; the checks are those of its reference implementation, `tensor.rs`.
import { fstatSync } from 'node:fs';
import { z } from 'zod';
import { InputError } from '../contract/input-error.ts';
import type { TensorBytes } from '../contract/problem.ts';
import { duplicateKey } from './duplicate-key.ts';
import { NUMBERS, readBytes, withFile } from './tensor-data.ts';

export interface SafetensorsEntry extends TensorBytes {
  readonly name: string;
  readonly shape: readonly number[];
  /** Why the tensor cannot be read: it is listed rather than refused, so that the file's other tensors can be used. */
  readonly skipped?: string;
}

const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

/** Types by the bits of an element. Types of later versions are listed as skipped, their length unchecked. */
const TYPES: readonly (readonly [bits: number, types: string])[] = [
  [4, 'F4'],
  [6, 'F6_E2M3 F6_E3M2'],
  [8, 'BOOL U8 I8 F8_E5M2 F8_E4M3 F8_E8M0'],
  [16, 'I16 U16 F16 BF16'],
  [32, 'I32 U32 F32'],
  [64, 'C64 F64 I64 U64'],
];
const BITS = new Map(TYPES.flatMap(([bits, types]) => types.split(' ').map((type) => [type, bits] as const)));

const Count = z.int().nonnegative();
const Entry = z.object({ dtype: z.string(), shape: z.array(Count), data_offsets: z.tuple([Count, Count]) });
const Metadata = z.record(z.string(), z.string());

/** The tensors of a file in the order of their bytes; none is read. Throws InputError where the file breaks the format. */
export function readHeader(path: string): SafetensorsEntry[] {
  return withFile(path, (file) => parseFile(path, file));
}

/** The tensor of that name, known to be readable. Throws InputError where it is missing or of a type that is not read. */
export function findTensor(path: string, entries: readonly SafetensorsEntry[], name: string): SafetensorsEntry {
  const entry = entries.find((each) => each.name === name);
  if (!entry) throw new InputError(`${path}: tensor must be one of the file's ${entries.length}, got ${name}`);
  if (entry.skipped) throw new InputError(`${path}: ${entry.skipped}, got ${name} of dtype ${entry.dtype}`);
  return entry;
}

function parseFile(path: string, file: number): SafetensorsEntry[] {
  const fileBytes = fstatSync(file).size;
  const headerBytes = readHeaderLength(path, file, fileBytes);
  const header = parseHeader(path, readBytes(path, file, LENGTH_BYTES, headerBytes));
  const dataOffset = LENGTH_BYTES + headerBytes;
  const entries: SafetensorsEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') check(path, '__metadata__', Metadata, value);
    else entries.push(placeEntry(path, name, check(path, `tensor ${name}`, Entry, value), dataOffset));
  }
  entries.sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  checkContiguous(path, entries, dataOffset, fileBytes);
  return entries;
}

function readHeaderLength(path: string, file: number, fileBytes: number): number {
  if (fileBytes < LENGTH_BYTES) throw new InputError(`${path}: must be at least 8 bytes long, got ${fileBytes}`);
  const length = new DataView(readBytes(path, file, 0, LENGTH_BYTES).buffer).getBigUint64(0, true);
  const limit = Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
  if (length >= 2n && length <= limit) return Number(length);
  throw new InputError(
    `${path}: header length must be from 2 to ${limit} bytes in a file of ${fileBytes}, got ${length}`,
  );
}

function parseHeader(path: string, bytes: Uint8Array): object {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw new InputError(`${path}: header must be JSON in UTF-8, got something else`);
  }
  // The format wants `{` as the very first byte.
  if (typeof header !== 'object' || header === null || !text.startsWith('{')) {
    throw new InputError(`${path}: header must be a JSON object, got ${text.slice(0, 20)}`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw new InputError(`${path}: header keys must be unique, got ${duplicate} twice`);
  return header;
}

function check<T>(path: string, subject: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path: at, message } = parsed.error.issues[0];
  throw new InputError(`${path}: ${[subject, ...at].join('.')} must fit the format, got ${message}`);
}

function placeEntry(path: string, name: string, entry: z.infer<typeof Entry>, dataOffset: number): SafetensorsEntry {
  const { dtype, shape } = entry;
  const [begin, end] = entry.data_offsets;
  if (begin > end) throw new InputError(`${path}: data_offsets of ${name} must not fall, got ${begin} to ${end}`);
  const bits = BITS.get(dtype);
  const needed = bits === undefined ? end - begin : (shape.reduce((a, b) => a * b, 1) * bits) / 8;
  if (needed !== end - begin) {
    throw new InputError(
      `${path}: data of ${name} must be ${needed} bytes for ${dtype} [${shape.join(', ')}], got ${end - begin}`,
    );
  }
  const skipped = Object.hasOwn(NUMBERS, dtype) ? undefined : `dtype must be one of ${Object.keys(NUMBERS).join(' ')}`;
  return { name, dtype, shape, byteOffset: dataOffset + begin, byteLength: end - begin, ...(skipped && { skipped }) };
}

// Every byte after the header belongs to exactly one tensor: no overlap, no hole, nothing left over.
function checkContiguous(path: string, entries: readonly SafetensorsEntry[], from: number, fileBytes: number): void {
  let next = from;
  for (const { name, byteOffset, byteLength } of entries) {
    if (byteOffset !== next) {
      const fault = byteOffset < next ? 'an overlap' : 'a hole';
      throw new InputError(`${path}: ${name} must begin at byte ${next - from}, got ${fault}: ${byteOffset - from}`);
    }
    next += byteLength;
  }
  if (next !== fileBytes) throw new InputError(`${path}: must be ${next} bytes long by its header, got ${fileBytes}`);
}
