// The files of a run while it grows: <run>.csv and <run>.samples.jsonl. A case is on disk before the next one starts,
// samples first, then its row; a case without a row never happened.
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { InputError } from '../contract/input-error.ts';
import type { ResultRow } from './columns.ts';
import { formatHeader, formatRow, parseRows } from './csv.ts';

/** Raw samples of one pass of a case: times per call in ns, round by round. */
export interface SampleRecord {
  readonly case_id: string;
  /** From 1. */
  readonly pass: number;
  readonly candidate_ns: readonly (readonly number[])[];
  readonly baseline_ns: readonly (readonly number[])[];
}

export class Journal {
  readonly rows: ResultRow[];
  readonly #csv: number;
  readonly #samples: number;
  readonly #path: string;

  /** Opens a run's files, new ones or those of an interrupted run, of which an unfinished last case is cut off. */
  constructor(csvPath: string, samplesPath: string) {
    this.#path = csvPath;
    this.rows = isFile(csvPath) ? repairCsv(csvPath) : [];
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

/** A record is one line, so one without its line end is unfinished. */
function repairCsv(path: string): ResultRow[] {
  const text = cutLastLine(path);
  if (text === '') return [];
  // Rows are written in this tare's order of columns, which an older file's header need not have.
  const rows = parseRows(text, path);
  if (!text.startsWith(formatHeader())) {
    throw new InputError(`${path}: must have the columns of this tare, got others; start a new run`);
  }
  return rows;
}

function repairSamples(path: string, finished: ReadonlySet<string | undefined>): void {
  const lines = cutLastLine(path).split('\n').slice(0, -1);
  let size = 0;
  for (const line of lines) {
    if (!finished.has(caseOf(line))) break;
    size += Buffer.byteLength(line) + 1;
  }
  truncate(path, size);
}

/** The case of a line of samples; undefined where the line is damaged. */
function caseOf(line: string): string | undefined {
  try {
    const record: SampleRecord = JSON.parse(line);
    return record.case_id;
  } catch {
    return undefined;
  }
}

/** The file's whole lines, after anything behind the last line end was cut off. */
function cutLastLine(path: string): string {
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncate(path, Buffer.byteLength(whole));
  return whole;
}

function truncate(path: string, size: number): void {
  const file = openSync(path, 'r+');
  ftruncateSync(file, size);
  closeSync(file);
}
