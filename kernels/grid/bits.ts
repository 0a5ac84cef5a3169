// Codes of any number of bits as bytes. A code is cut into planes of 1, 2, 4 or 8 bits, the lowest bits first, and each plane
// lies row by row, whole bytes a row, the first code in the lowest bits: so that each plane is read with one mask.

/** Bits of a code in each plane. */
export function planesOf(bits: number): readonly number[] {
  switch (bits) {
    case 1.6:
      return [1.6];
    case 2:
      return [2];
    case 3:
      return [2, 1];
    case 4:
      return [4];
    case 5:
      return [4, 1];
    case 6:
      return [4, 2];
    case 8:
      return [8];
    case 16:
      return [16];
    default:
      throw new Error(`bits: must be 1.6, 2 to 6, 8 or 16, got ${bits}`);
  }
}

/** Bytes that one row of a plane takes. */
export function planeStride(columns: number, plane: number): number {
  return plane === 1.6 ? Math.ceil(columns / TRITS) : Math.ceil((columns * plane) / 8);
}

/** Bytes of all rows of all planes. */
export function bytesOfBits(rows: number, columns: number, bits: number): number {
  return planesOf(bits).reduce((sum, plane) => sum + rows * planeStride(columns, plane), 0);
}

/** Codes of three values to a byte. */
const TRITS = 5;

/** Codes [rows, columns] → planes, one after another. */
export function toBits(codes: Uint8Array | Uint16Array, rows: number, columns: number, bits: number): Uint8Array {
  if (bits === 16) return new Uint8Array(Uint16Array.from(codes).buffer);
  const bytes = new Uint8Array(bytesOfBits(rows, columns, bits));
  if (bits === 1.6) {
    const stride = planeStride(columns, bits);
    for (let r = 0; r < rows; r++) {
      for (let c = columns - 1; c >= 0; c--) {
        const at = r * stride + Math.floor(c / TRITS);
        bytes[at] = bytes[at] * 3 + codes[r * columns + c];
      }
    }
    return bytes;
  }
  let start = 0;
  let below = 0;
  for (const plane of planesOf(bits)) {
    const stride = planeStride(columns, plane);
    const mask = 2 ** plane - 1;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const bit = c * plane;
        bytes[start + r * stride + (bit >> 3)] |= ((codes[r * columns + c] >> below) & mask) << (bit & 7);
      }
    }
    start += rows * stride;
    below += plane;
  }
  return bytes;
}

/** Planes as toBits leaves them → codes [rows, columns]. */
export function fromBits(bytes: Uint8Array, rows: number, columns: number, bits: number): Uint8Array | Uint16Array {
  if (bits === 16) return new Uint16Array(bytes.slice().buffer);
  const codes = new Uint8Array(rows * columns);
  if (bits === 1.6) {
    const stride = planeStride(columns, bits);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const byte = bytes[r * stride + Math.floor(c / TRITS)];
        codes[r * columns + c] = Math.floor(byte / 3 ** (c % TRITS)) % 3;
      }
    }
    return codes;
  }
  let start = 0;
  let below = 0;
  for (const plane of planesOf(bits)) {
    const stride = planeStride(columns, plane);
    const mask = 2 ** plane - 1;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const bit = c * plane;
        codes[r * columns + c] |= ((bytes[start + r * stride + (bit >> 3)] >> (bit & 7)) & mask) << below;
      }
    }
    start += rows * stride;
    below += plane;
  }
  return codes;
}
