import { writeFileSync } from 'node:fs';

export interface NewTensor {
  readonly shape: readonly number[];
  /** Row-major; rounded to f16 in the file. */
  readonly values: Float32Array;
}

/** Writes the tensors as F16, in the order given. Equal tensors give equal bytes. */
export function writeF16Safetensors(path: string, tensors: Readonly<Record<string, NewTensor>>): void {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    const begin = end;
    end += 2 * values.length;
    header[name] = { dtype: 'F16', shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  // The reference implementation pads with spaces so that data begin at a multiple of eight.
  const headerBytes = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerBytes.length));
  const data = Object.values(tensors).map(({ values }) => Buffer.from(new Float16Array(values).buffer));
  writeFileSync(path, Buffer.concat([length, headerBytes, ...data]));
}
