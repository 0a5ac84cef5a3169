// Rows are held in memory, and Node ends a process whose heap is full with a stack of its own and nothing that helps.
import { statSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import { InputError } from '../contract/input-error.ts';

/** Heap bytes that a byte of CSV takes as rows, seen of tare's own files: 2.4. */
const HEAP_PER_BYTE = 2.5;
/** Of the heap, what rows may take: the rest is for what is made of them. */
const MOST_OF_HEAP = 0.5;
const ROWS_BETWEEN = 256;

/** Throws InputError where the file is larger than the heap can hold. */
export function assertFits(path: string, file: string): void {
  const size = statSync(path).size;
  const most = (MOST_OF_HEAP * getHeapStatistics().heap_size_limit) / HEAP_PER_BYTE;
  if (size > most) throw tooLarge(file, `got ${gib(size)} GiB, where Node's heap has room for ${gib(most)}`);
}

/** To be told how many rows there are; throws InputError where they fill the heap. Rows of short cells take more than their bytes. */
export function heapRoom(file: string): (rows: number) => void {
  return (rows) => {
    if (rows % ROWS_BETWEEN !== 0) return;
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    if (used > MOST_OF_HEAP * limit) throw tooLarge(file, `got more than ${rows} rows, which fill Node's heap`);
  };
}

function tooLarge(file: string, got: string): InputError {
  return new InputError(
    `${file}: must fit in memory, ${got}; split it by run, or set NODE_OPTIONS=--max-old-space-size=<MiB>`,
  );
}

function gib(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1);
}
