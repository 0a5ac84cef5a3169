// How far a run has come: one line that is written over on a terminal, a line a case elsewhere.
import { styleText } from 'node:util';
import { driftReason, isFailure } from './failure.ts';
import type { CaseEvent } from './run.ts';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const CLEAR_LINE = '\r\x1b[K';

/** A listener for a run's cases that reports on a stream, stderr by default so that stdout stays for results. */
export function createProgress(stream: Terminal = process.stderr): { onCase(event: CaseEvent): void; end(): void } {
  const start = performance.now();
  const onTerminal = (event: CaseEvent) => {
    const line = `[${event.number}/${event.total}] ${timeLeft(event, start)}  ${event.case.id}`;
    stream.write(CLEAR_LINE + line.slice(0, (stream.columns ?? 80) - 1));
    if (event.row !== undefined && isFailure(event.row)) stream.write(`${CLEAR_LINE}${outcome(event)}\n`);
  };
  const onPlain = (event: CaseEvent) => {
    if (event.row !== undefined) stream.write(`[${event.number}/${event.total}] ${outcome(event)}\n`);
  };
  return {
    onCase: stream.isTTY ? onTerminal : onPlain,
    end: () => stream.isTTY && stream.write(CLEAR_LINE),
  };
}

/** From the mean time of the cases so far. */
function timeLeft({ number, total, row }: CaseEvent, start: number): string {
  const done = row === undefined ? number - 1 : number;
  if (done === 0) return '--:-- left';
  const leftS = ((performance.now() - start) / 1000 / done) * (total - done);
  const minutes = String(Math.floor(leftS / 60)).padStart(2, '0');
  return `${minutes}:${String(Math.floor(leftS % 60)).padStart(2, '0')} left`;
}

function outcome({ case: { id }, row }: CaseEvent): string {
  if (row?.status === 'ok' && row.drift_ok !== false) return `ok ${row.speedup?.toFixed(2)}x ${id}`;
  const why = row?.drift_ok === false ? driftReason(row) : row?.reason;
  const text = `${row?.status === 'ok' ? 'drifted' : row?.status} ${id}: ${why}`;
  return row !== undefined && isFailure(row) ? styleText('red', text, { stream: process.stderr }) : text;
}
