// The wire format of protocol buffers, as much of it as an ONNX model takes: protobuf.dev/programming-guides/encoding.

/** One encoded field, or several, as the pieces to be joined: weights are never copied before the end. */
export type Encoded = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A whole number from 0 up to 2⁵³ − 1 (enum, int64, length). */
export function integerField(field: number, value: number): Encoded {
  return [Uint8Array.from([...tag(field, VARINT), ...varint(value)])];
}

export function floatField(field: number, value: number): Encoded {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return [Uint8Array.from(tag(field, FIXED32)), bytes];
}

export function textField(field: number, value: string): Encoded {
  return bytesField(field, new TextEncoder().encode(value));
}

export function bytesField(field: number, value: Uint8Array): Encoded {
  return messageField(field, [value]);
}

/** A field that holds a message of the given fields. */
export function messageField(field: number, ...fields: readonly Encoded[]): Encoded {
  const pieces = fields.flat();
  return [Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(byteLength(pieces))]), ...pieces];
}

export function joinFields(fields: readonly Encoded[]): Uint8Array {
  const pieces = fields.flat();
  const joined = new Uint8Array(byteLength(pieces));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

function tag(field: number, wireType: number): number[] {
  return varint(field * 8 + wireType);
}

/** Seven bits a byte, lowest first; the eighth says that more follow. Division, since shifts stop at 32 bits. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function byteLength(pieces: Encoded): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
