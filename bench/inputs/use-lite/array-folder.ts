// A folder of named float32 arrays that is either whole or not there: it is written under another name and renamed into
// place, so neither a kill nor a second writer leaves half of it, and every array is checked by length and CRC-32 on
// reading. Arrays are raw little-endian files beside a `manifest.json`.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** Only ever read where it was written whole; reading it without a schema keeps zod out of every case's process. */
interface Manifest {
  readonly numbers: Readonly<Record<string, number>>;
  readonly arrays: Readonly<Record<string, { readonly bytes: number; readonly crc32: number }>>;
}

export interface ArrayFolder {
  readonly folder: string;
  /** Figures kept with the arrays, by name. */
  readonly numbers: Readonly<Record<string, number>>;
  readonly arrays: readonly string[];
  /** The array, or undefined where its file is missing, cut short or altered. */
  read(name: string): Float32Array | undefined;
}

/** A temporary folder this old belongs to a writer that was killed: the work takes seconds. */
const ABANDONED_MS = 60 * 60 * 1000;

/** Opens a folder; undefined where there is none or its manifest cannot be read. */
export function openArrayFolder(folder: string): ArrayFolder | undefined {
  const manifest = readManifest(join(folder, 'manifest.json'));
  if (!manifest) return undefined;
  const read = (name: string) => {
    const entry = manifest.arrays[name];
    return entry && readChecked(join(folder, `${name}.f32`), entry.bytes, entry.crc32);
  };
  return { folder, numbers: manifest.numbers, arrays: Object.keys(manifest.arrays), read };
}

/** Writes a folder, replacing a damaged one of that name but leaving a whole one. Throws the file system's error where that is not possible. */
export function writeArrayFolder(
  folder: string,
  numbers: Readonly<Record<string, number>>,
  arrays: Readonly<Record<string, Float32Array>>,
): void {
  mkdirSync(join(folder, '..'), { recursive: true });
  removeAbandoned(folder);
  const temporary = mkdtempSync(`${folder}.tmp-`);
  try {
    const entries: Record<string, { bytes: number; crc32: number }> = {};
    for (const [name, array] of Object.entries(arrays)) {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      writeFileSync(join(temporary, `${name}.f32`), bytes);
      entries[name] = { bytes: bytes.length, crc32: crc32(bytes) };
    }
    writeFileSync(join(temporary, 'manifest.json'), JSON.stringify({ numbers, arrays: entries }));
    putInPlace(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Whether every array can be read. */
export function isWhole(folder: ArrayFolder): boolean {
  return folder.arrays.every((name) => folder.read(name));
}

// A folder cannot be renamed over a full one, so a damaged one steps aside first. Where another writer was quicker, its
// folder stays: equal names mean equal contents.
function putInPlace(temporary: string, folder: string): void {
  const standing = openArrayFolder(folder);
  if (standing && isWhole(standing)) return;
  const old = `${temporary}-old`;
  if (existsSync(folder)) ignoring(['ENOENT'], () => renameSync(folder, old));
  ignoring(['ENOTEMPTY', 'EEXIST', 'EPERM'], () => renameSync(temporary, folder));
  rmSync(old, { recursive: true, force: true });
}

function ignoring(codes: readonly string[], act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && codes.includes(String(error.code)))) throw error;
  }
}

function removeAbandoned(folder: string): void {
  const parent = join(folder, '..');
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (!name.includes('.tmp-')) continue;
    const modifiedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - modifiedMs > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  }
}

function readManifest(path: string): Manifest | undefined {
  try {
    const manifest: Manifest = JSON.parse(readFileSync(path, 'utf8'));
    return manifest?.numbers && manifest.arrays ? manifest : undefined;
  } catch {
    return undefined;
  }
}

function readChecked(path: string, byteLength: number, checksum: number): Float32Array | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length !== byteLength || crc32(bytes) !== checksum) return undefined;
  return new Float32Array(bytes.buffer, bytes.byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);
}
