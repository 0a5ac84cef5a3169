// Files read a piece at a time, each of whole lines: a file may be longer than the longest string or buffer there is.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface Piece {
  readonly bytes: Buffer;
  /** Ends where a line does; only the last piece of a file may not. */
  readonly isWhole: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const PIECE_BYTES = 8 * 2 ** 20;

/**
 * The file's bytes in order. With `quoted`, a line end between quotes ends no line (RFC 4180); without, every one does, so
 * that a stray quote can't swallow what follows. Throws as `readFileSync` does.
 */
export function* wholeLines(path: string, quoted: boolean, pieceBytes = PIECE_BYTES): Generator<Piece> {
  const file = openSync(path, 'r');
  try {
    let rest = Buffer.alloc(0);
    for (let more = readPiece(file, pieceBytes); more.length > 0; more = readPiece(file, pieceBytes)) {
      const bytes = Buffer.concat([rest, more]);
      const end = lastLineEnd(bytes, quoted);
      if (end > 0) yield { bytes: bytes.subarray(0, end), isWhole: true };
      rest = bytes.subarray(end);
    }
    if (rest.length > 0) yield { bytes: rest, isWhole: rest[rest.length - 1] === CR };
  } finally {
    closeSync(file);
  }
}

function readPiece(file: number, pieceBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(pieceBytes);
  return bytes.subarray(0, readSync(file, bytes));
}

/** Behind the last line end; 0 where there is none. */
function lastLineEnd(bytes: Buffer, quoted: boolean): number {
  let end = 0;
  let isQuoted = false;
  for (let i = 0; i < bytes.length; i++) {
    if (quoted && bytes[i] === QUOTE) isQuoted = !isQuoted;
    // A CR at the very end may be the first half of CR LF.
    const isLineEnd = bytes[i] === LF || (bytes[i] === CR && i + 1 < bytes.length && bytes[i + 1] !== LF);
    if (isLineEnd && !isQuoted) end = i + 1;
  }
  return end;
}

/** Size of the file up to the last line end: what stands behind it is unfinished. */
export function wholeSize(path: string): number {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, PIECE_BYTES));
    for (let end = size; end > 0; end -= bytes.length) {
      const from = Math.max(0, end - bytes.length);
      readSync(file, bytes, 0, end - from, from);
      const found = bytes.subarray(0, end - from).findLastIndex((byte) => byte === LF || byte === CR);
      if (found >= 0) return from + found + 1;
    }
    return 0;
  } finally {
    closeSync(file);
  }
}
