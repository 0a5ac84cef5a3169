// What a page is made of, small enough to stand in it: JSON and columns of numbers, one after the other, compressed, as
// base64. Read in the page and in tests by the same function.

/** Values by the name of their column. */
export type Columns = Readonly<Record<string, Float32Array>>;

interface Layout {
  readonly json: unknown;
  /** Names and lengths of the columns, in order. */
  readonly columns: readonly (readonly [name: string, length: number])[];
}

const HEAD_BYTES = 4;

export async function pack(json: unknown, columns: Columns): Promise<string> {
  const layout: Layout = { json, columns: Object.entries(columns).map(([name, { length }]) => [name, length]) };
  const head = new TextEncoder().encode(JSON.stringify(layout));
  const padding = new Uint8Array((4 - (head.length % 4)) % 4);
  const parts = [new Uint32Array([head.length]), head, padding, ...Object.values(columns).map(coarse)];
  const packed = await through(new Blob(parts), new CompressionStream('deflate'));
  return Buffer.from(packed).toString('base64');
}

export async function unpack(base64: string): Promise<{ readonly json: unknown; readonly columns: Columns }> {
  const packed = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const buffer = await through(new Blob([packed]), new DecompressionStream('deflate'));
  const [length] = new Uint32Array(buffer, 0, 1);
  const { json, columns }: Layout = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, HEAD_BYTES, length)));
  let at = HEAD_BYTES + Math.ceil(length / 4) * 4;
  const read = columns.map(([name, size]) => {
    const values = new Float32Array(buffer, at, size);
    at += values.byteLength;
    return [name, values];
  });
  return { json, columns: Object.fromEntries(read) };
}

function through(blob: Blob, stream: CompressionStream | DecompressionStream): Promise<ArrayBuffer> {
  return new Response(blob.stream().pipeThrough(stream)).arrayBuffer();
}

/** Lowest bits of a mantissa of 23 that are left out: four digits are kept, and zeros compress. */
const SPARE_BITS = 10;

function coarse(values: Float32Array): Float32Array<ArrayBuffer> {
  const copy = new Float32Array(values);
  const bits = new Uint32Array(copy.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] &= -1 << SPARE_BITS;
  return copy;
}
