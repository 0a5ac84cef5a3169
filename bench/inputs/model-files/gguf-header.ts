// Reads what stands before the tensors of a GGUF file: counts, metadata, then each tensor's name, shape, type and place.
// Format: ggml-org/ggml, docs/gguf.md; the checks are those of its reference implementation, `gguf.cpp`. Whatever a file says
// of itself must fit into the file: nothing is allocated on its word.
import { fstatSync } from 'node:fs';
import { type GgufType, ggufBytes, ggufTypes } from '../../contract/gguf-type.ts';
import { InputError } from '../../contract/input-error.ts';
import type { TensorBytes } from '../../contract/problem.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { isRead, readBytes, readTypes, withFile } from '../tensor-data.ts';
import {
  DEFAULT_ALIGNMENT,
  type GgufMetadata,
  type GgufValue,
  MAGIC,
  type Scalar,
  type ScalarType,
  valueTypes,
} from './gguf-metadata.ts';

export interface GgufTensor extends TensorBytes {
  readonly name: string;
  readonly dtype: GgufType;
  /** Outermost first, as everywhere in this project; files have it the other way round. */
  readonly shape: readonly number[];
}

export interface GgufHeader {
  readonly metadata: GgufMetadata;
  /** In the order of their bytes. */
  readonly tensors: readonly GgufTensor[];
}

const VERSIONS = [2, 3];
const MAX_AXES = 4;

/** No tensor is read. Throws InputError where the file breaks the format. */
export function readGgufHeader(path: string): GgufHeader {
  return withFile(path, (file) => {
    const reader = headerReader(path, file);
    checkVersion(reader);
    // The least that a tensor takes: an empty name, no axes, type and offset; and a pair: an empty key, a type and a byte.
    const tensorCount = reader.count('tensor_count', 8 + 4 + 4 + 8);
    const pairCount = reader.count('metadata_kv_count', 8 + 4 + 1);
    const metadata = readMetadata(reader, pairCount);
    return { metadata, tensors: readTensors(reader, tensorCount, alignmentOf(reader, metadata)) };
  });
}

/** The tensor, known to be of a type that is read. Throws InputError on others. */
export function readable(path: string, tensor: GgufTensor): GgufTensor {
  if (isRead(tensor.dtype)) return tensor;
  throw new InputError(`${path}: type must be one of ${readTypes.join(' ')}, got ${tensor.name} of ${tensor.dtype}`);
}

interface HeaderReader {
  readonly fileBytes: number;
  /** Place of the byte that is read next. */
  position(): number;
  scalar(type: ScalarType): Scalar;
  number(type: 'uint32' | 'uint64'): number;
  text(): string;
  /** A number of things to come, of which each takes at least so many bytes. */
  count(subject: string, leastBytes: number): number;
  fail(subject: string, rule: string, got: unknown): InputError;
}

const WINDOW_BYTES = 2 ** 20;

/** Bytes of each type, of a text's length alone, and how they are read. */
const numbers: { readonly [Type in Exclude<ScalarType, 'string'>]: readonly [number, (view: DataView) => Scalar] } = {
  uint8: [1, (view) => view.getUint8(0)],
  int8: [1, (view) => view.getInt8(0)],
  uint16: [2, (view) => view.getUint16(0, true)],
  int16: [2, (view) => view.getInt16(0, true)],
  uint32: [4, (view) => view.getUint32(0, true)],
  int32: [4, (view) => view.getInt32(0, true)],
  float32: [4, (view) => view.getFloat32(0, true)],
  bool: [1, (view) => view.getUint8(0) !== 0],
  uint64: [8, (view) => Number(view.getBigUint64(0, true))],
  int64: [8, (view) => Number(view.getBigInt64(0, true))],
  float64: [8, (view) => view.getFloat64(0, true)],
};
const LENGTH_BYTES = 8;

/** Reads numbers and text from a file's beginning onwards, a window of it at a time. */
function headerReader(path: string, file: number): HeaderReader {
  const fileBytes = fstatSync(file).size;
  let window = new Uint8Array();
  let windowAt = 0;
  let position = 0;
  const fail = (subject: string, rule: string, got: unknown) =>
    new InputError(`${path}: ${visibleText(subject)} ${rule}, got ${visibleText(String(got))}`);
  const take = (byteLength: number): DataView => {
    if (byteLength > fileBytes - position) {
      throw fail('file', 'must hold all of its header', `its end after ${fileBytes} bytes: was it copied in full?`);
    }
    if (position + byteLength > windowAt + window.length) {
      const next = Math.min(Math.max(byteLength, WINDOW_BYTES), fileBytes - position);
      window = readBytes(path, file, position, next);
      windowAt = position;
    }
    const view = new DataView(window.buffer, position - windowAt, byteLength);
    position += byteLength;
    return view;
  };
  const count = (subject: string, leastBytes: number): number => {
    const found = take(LENGTH_BYTES).getBigUint64(0, true);
    const most = Math.floor((fileBytes - position) / leastBytes);
    if (found > most)
      throw fail(subject, `must be at most ${most}, what is left of a file of ${fileBytes} bytes`, found);
    return Number(found);
  };
  const text = () => {
    const { buffer, byteOffset, byteLength } = take(count('length of a text', 1));
    return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
  };
  const number = (type: 'uint32' | 'uint64') => Number(numbers[type][1](take(numbers[type][0])));
  const scalar = (type: ScalarType): Scalar => {
    if (type === 'string') return text();
    const [byteLength, read] = numbers[type];
    return read(take(byteLength));
  };
  return { fileBytes, position: () => position, scalar, number, text, count, fail };
}

function checkVersion({ scalar, number, fail }: HeaderReader): void {
  const magic = Array.from(MAGIC, () => String.fromCharCode(Number(scalar('uint8')))).join('');
  if (magic !== MAGIC) throw fail('file', `must begin with ${MAGIC}`, magic);
  const version = number('uint32');
  if (version % 2 ** 16 === 0) throw fail('file', 'must be little-endian', 'a big-endian one');
  if (!VERSIONS.includes(version)) throw fail('GGUF version', `must be one of ${VERSIONS.join(' ')}`, version);
}

function readMetadata(reader: HeaderReader, count: number): GgufMetadata {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = reader.text();
    if (metadata.has(key)) throw reader.fail('metadata keys', 'must be unique', `${key} twice`);
    metadata.set(key, readValue(reader, key));
  }
  return metadata;
}

function readValue(reader: HeaderReader, key: string): GgufValue {
  const typeOf = () => {
    const id = reader.number('uint32');
    const type = valueTypes[id];
    if (type === undefined) throw reader.fail(`type of ${key}`, `must be from 0 to ${valueTypes.length - 1}`, id);
    return type;
  };
  const type = typeOf();
  if (type !== 'array') return { type, value: reader.scalar(type) };
  const itemType = typeOf();
  if (itemType === 'array') throw reader.fail(key, 'must be a value or a list of values', 'a list of lists');
  const length = reader.count(`length of ${key}`, itemType === 'string' ? LENGTH_BYTES : numbers[itemType][0]);
  return { type: itemType, value: Array.from({ length }, () => reader.scalar(itemType)) };
}

function alignmentOf({ fail }: HeaderReader, metadata: GgufMetadata): number {
  const { type, value } = metadata.get('general.alignment') ?? { type: 'uint32', value: DEFAULT_ALIGNMENT };
  if (type === 'uint32' && typeof value === 'number' && Number.isInteger(Math.log2(value))) return value;
  throw fail('general.alignment', 'must be a power of two', value);
}

interface TensorInfo extends Pick<GgufTensor, 'name' | 'dtype' | 'shape' | 'byteLength'> {
  /** From the beginning of all tensors. */
  readonly offset: number;
}

function readTensors(reader: HeaderReader, count: number, alignment: number): GgufTensor[] {
  const infos = Array.from({ length: count }, () => readTensorInfo(reader));
  const names = new Set<string>();
  for (const { name } of infos) {
    if (names.has(name)) throw reader.fail('names of tensors', 'must be unique', `${name} twice`);
    names.add(name);
  }
  const begin = padded(reader.position(), alignment);
  let next = 0;
  return infos.map(({ offset, ...info }) => {
    if (offset !== next) throw reader.fail(`offset of ${info.name}`, `must be ${next}`, offset);
    const end = begin + offset + info.byteLength;
    if (end > reader.fileBytes) {
      throw reader.fail(
        'file',
        `must hold the ${end} bytes up to the end of ${info.name}`,
        `${reader.fileBytes}: was it copied in full?`,
      );
    }
    next = padded(offset + info.byteLength, alignment);
    return { ...info, byteOffset: begin + offset };
  });
}

function padded(position: number, alignment: number): number {
  return Math.ceil(position / alignment) * alignment;
}

const typesById = new Map<number, GgufType>(
  Object.entries(ggufTypes).map(([type, { id }]) => [id, type as GgufType] as const),
);

function readTensorInfo(reader: HeaderReader): TensorInfo {
  const name = reader.text();
  const axes = reader.number('uint32');
  if (axes > MAX_AXES) throw reader.fail(`${name}`, `must have at most ${MAX_AXES} axes`, axes);
  const shape = Array.from({ length: axes }, () => reader.number('uint64')).reverse();
  const id = reader.number('uint32');
  const dtype = typesById.get(id);
  if (dtype === undefined) throw reader.fail(`type of ${name}`, "must be one of ggml's that are in use", id);
  const { weights } = ggufTypes[dtype];
  const row = shape.at(-1) ?? 1;
  if (row % weights !== 0)
    throw reader.fail(`rows of ${name}`, `must be a multiple of ${weights} long as ${dtype}`, row);
  return { name, dtype, shape, byteLength: ggufBytes(dtype, shape), offset: reader.number('uint64') };
}
