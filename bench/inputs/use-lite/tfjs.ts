// Reads the weights of a tfjs model: `model.json` names the tensors in the order in which they lie end to end over the
// group's shards. Format: https://www.tensorflow.org/js/guide/save_load and tfjs-core's `WeightsManifestEntry`.
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';

export interface TfjsTensor {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

export interface TfjsWeights {
  readonly names: readonly string[];
  /** Reads only the tensor's own bytes. Throws InputError for an unknown name or a type other than float32. */
  read(name: string): TfjsTensor;
}

const Dim = z.int().nonnegative();
const Entry = z.object({
  name: z.string(),
  shape: z.array(Dim),
  dtype: z.enum(['float32', 'int32', 'bool', 'uint8']),
  quantization: z.undefined('quantised shards are not read').optional(),
});
const ModelJson = z.object({
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(Entry) })),
});

const BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1 };

interface Placed extends z.infer<typeof Entry> {
  readonly shards: readonly string[];
  /** Offset into the shards laid end to end. */
  readonly byteOffset: number;
}

/** Opens a model by its `model.json`; the shards stand beside it. Throws InputError where the file is not one. */
export function openTfjsWeights(modelJson: string): TfjsWeights {
  const placed = placeTensors(modelJson);
  const read = (name: string): TfjsTensor => {
    const tensor = placed.get(name);
    if (!tensor) throw new InputError(`${modelJson}: tensor must be in the weights manifest, got ${name}`);
    if (tensor.dtype !== 'float32') {
      throw new InputError(`${modelJson}: dtype of ${name} must be float32, got ${tensor.dtype}`);
    }
    const bytes = readAcrossShards(tensor.shards, tensor.byteOffset, elements(tensor.shape) * BYTES.float32);
    // The shards are little-endian, and so is every machine that Node is released for except s390x.
    return { shape: tensor.shape, data: new Float32Array(bytes.buffer) };
  };
  return { names: [...placed.keys()], read };
}

function placeTensors(modelJson: string): Map<string, Placed> {
  const placed = new Map<string, Placed>();
  for (const group of parseModelJson(modelJson).weightsManifest) {
    const shards = group.paths.map((path) => join(dirname(modelJson), path));
    let byteOffset = 0;
    for (const entry of group.weights) {
      placed.set(entry.name, { ...entry, shards, byteOffset });
      byteOffset += elements(entry.shape) * BYTES[entry.dtype];
    }
  }
  return placed;
}

function parseModelJson(modelJson: string): z.infer<typeof ModelJson> {
  let text: unknown;
  try {
    text = JSON.parse(readFileSync(modelJson, 'utf8'));
  } catch (error) {
    throw new InputError(`${modelJson}: must be a readable JSON file, got ${String(error)}`);
  }
  const parsed = ModelJson.safeParse(text);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new InputError(`${modelJson}: must be a tfjs model, got ${issue.path.join('.')}: ${issue.message}`);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function readAcrossShards(shards: readonly string[], byteOffset: number, byteLength: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  let filled = 0;
  let shardStart = 0;
  for (const shard of shards) {
    const shardBytes = statSync(shard).size;
    const from = byteOffset + filled - shardStart;
    if (filled < byteLength && from < shardBytes) {
      filled += readSlice(shard, from, bytes.subarray(filled, filled + shardBytes - from));
    }
    shardStart += shardBytes;
  }
  if (filled < byteLength) {
    throw new InputError(`${shards.at(-1)}: shards must hold ${byteOffset + byteLength} bytes, got ${shardStart}`);
  }
  return bytes;
}

function readSlice(path: string, position: number, into: Uint8Array): number {
  const file = openSync(path, 'r');
  try {
    return readSync(file, into, 0, into.length, position);
  } finally {
    closeSync(file);
  }
}
