// The files of a run while it grows: <run>.csv and <run>.samples.jsonl. A case is on disk before the next one starts,
// samples first, then its row; a case without a row never happened.

import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { columns, type ResultRow } from './columns.ts';
import { formatHeader, formatRow, readCsv } from './csv.ts';
import { distinctCases } from './distinct-cases.ts';
import { wholeLines, wholeSize } from './whole-lines.ts';

/** Raw samples of one pass of a case: times per call in ns, round by round. */
export interface SampleRecord {
  readonly case_id: string;
  /** From 1. */
  readonly pass: number;
  readonly candidate_ns: readonly (readonly number[])[];
  readonly baseline_ns: readonly (readonly number[])[];
  /** What the canary read beside them, core cycles, median of each round; missing where nothing tells. */
  readonly canary_cycles?: readonly number[];
}

export class Journal {
  readonly rows: ResultRow[];
  /** What had been changed in the run's files and was mended, in sentences. */
  readonly notes: string[] = [];
  readonly #csv: number;
  readonly #samples: number;
  readonly #path: string;

  /** Opens a run's files, new ones or those of an interrupted run, of which an unfinished last case is cut off. */
  constructor(csvPath: string, samplesPath: string) {
    this.#path = csvPath;
    this.rows = isFile(csvPath) ? repairCsv(csvPath, this.notes) : [];
    const finished = new Set(this.rows.map((row) => row.case_id));
    if (isFile(samplesPath)) repairSamples(samplesPath, finished);
    this.#csv = open(csvPath);
    this.#samples = open(samplesPath);
    if (fstatSync(this.#csv).size === 0) append(this.#csv, formatHeader(), csvPath);
  }

  /** Writes a finished case: the samples of its passes, then its row. */
  append(row: ResultRow, samples: readonly SampleRecord[]): void {
    const lines = samples.map((record) => `${JSON.stringify(record)}\n`);
    if (lines.length > 0) append(this.#samples, lines.join(''), this.#path);
    append(this.#csv, formatRow(row), this.#path);
    this.rows.push(row);
  }

  close(): void {
    closeSync(this.#samples);
    closeSync(this.#csv);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** For appending; made where it is missing. */
export function open(path: string): number {
  try {
    return openSync(path, 'a+');
  } catch (error) {
    throw new InputError(
      `--out: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}

/** Whole or not at all: what a full disk left of a record is taken back. */
export function append(file: number, text: string, path: string): void {
  const { size } = fstatSync(file);
  const bytes = Buffer.from(text);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fdatasyncSync(file);
  } catch (error) {
    takeBack(file, size);
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(
      `${path}: must have room to grow, got ${code}; all finished cases are kept, free some space and --resume`,
    );
  }
}

/** Devices that can't be cut (or a disk that fails altogether) keep their tail: reading back repairs it. */
function takeBack(file: number, size: number): void {
  try {
    ftruncateSync(file, size);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

/** The rows there are. A record is one line, so one without its line end is unfinished and cut off. */
function repairCsv(path: string, notes: string[]): ResultRow[] {
  const size = wholeSize(path);
  truncate(path, size);
  if (size === 0) return [];
  const { rows, headers } = readCsv(path);
  const ownColumns = sortedNames(columns.map(({ name }) => name));
  // Another tare wrote the rows: what they measured is not what this one measures.
  if (headers.some((header) => sortedNames(header) !== ownColumns))
    throw new InputError(`${path}: must have the columns of this tare, got others; start a new run`);
  const distinct = distinctCases(rows, path);
  if (distinct.length < rows.length)
    notes.push(`${path}: took out ${counted(rows.length - distinct.length, 'row')} that stood there twice`);
  const isForeign = headers.length > 1 || !isAsWritten(path);
  if (isForeign) notes.push(`${path}: had been saved by another program and was written anew as tare writes it`);
  if (isForeign || distinct.length < rows.length) writeAnew(path, distinct);
  return distinct;
}

function sortedNames(names: readonly string[]): string {
  return names.toSorted().join();
}

/** Appended rows must find the same columns in the same order, and lines that end alike. */
function isAsWritten(path: string): boolean {
  const header = formatHeader();
  let isFirst = true;
  for (const { bytes } of wholeLines(path, false)) {
    if (isFirst && bytes.toString('utf8', 0, header.length) !== header) return false;
    if (bytes.includes('\r')) return false;
    isFirst = false;
  }
  return true;
}

/** Whole or not at all: written beside its place and renamed. */
function writeAnew(path: string, rows: readonly ResultRow[]): void {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  const file = open(fresh);
  try {
    append(file, formatHeader(), path);
    for (let i = 0; i < rows.length; i += 1000)
      append(
        file,
        rows
          .slice(i, i + 1000)
          .map(formatRow)
          .join(''),
        path,
      );
    renameSync(fresh, path);
  } finally {
    closeSync(file);
    rmSync(fresh, { force: true });
  }
}

/** Samples up to the first that belong to no finished case stay. */
function repairSamples(path: string, finished: ReadonlySet<string | undefined>): void {
  truncate(path, sizeOfFinished(path, finished));
}

function sizeOfFinished(path: string, finished: ReadonlySet<string | undefined>): number {
  let size = 0;
  for (const { bytes } of wholeLines(path, false)) {
    for (const line of bytes.toString().split(/(?<=\n)/)) {
      if (!line.endsWith('\n') || !finished.has(caseOf(line))) return size;
      size += Buffer.byteLength(line);
    }
  }
  return size;
}

/** The case of a line of samples; undefined where the line is damaged. */
function caseOf(line: string): string | undefined {
  try {
    const record: SampleRecord = JSON.parse(line.replace(/^\uFEFF/, ''));
    return record.case_id;
  } catch {
    return undefined;
  }
}

function truncate(path: string, size: number): void {
  const file = openSync(path, 'r+');
  ftruncateSync(file, size);
  closeSync(file);
}
