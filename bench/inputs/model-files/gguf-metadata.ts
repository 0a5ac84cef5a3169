// What a GGUF file says beside its tensors. Format: ggml-org/ggml, docs/gguf.md.

export const MAGIC = 'GGUF';
/** Tensors begin at multiples of this where metadata says nothing else. */
export const DEFAULT_ALIGNMENT = 32;

/** In the order of the numbers that files give them. */
export const valueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
export type ScalarType = Exclude<(typeof valueTypes)[number], 'array'>;
export type Scalar = number | boolean | string;

/** A value, or a list of values of one type. */
export interface GgufValue {
  readonly type: ScalarType;
  readonly value: Scalar | readonly Scalar[];
}

export type GgufMetadata = ReadonlyMap<string, GgufValue>;

/** Values by their keys without the prefix, of those keys that have it: `block_count` of `llama.block_count`. */
export function valuesBelow(metadata: GgufMetadata, prefix: string): Record<string, GgufValue['value']> {
  const own = [...metadata].filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, { value }]) => [key.slice(prefix.length), value]));
}
