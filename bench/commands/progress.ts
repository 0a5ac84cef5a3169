// How far a run has come: one line that is written over on a terminal, a line a case elsewhere.
import { styleText } from 'node:util';
import { failureReason, isFailure, outcomeOf } from '../results/failure.ts';
import type { CaseEvent } from '../run/case-event.ts';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** What a run tells of itself while it goes on. */
interface Progress {
  onPhase(what: string): void;
  onWarning(what: string): void;
  onPlan(what: string): void;
  onCase(event: CaseEvent): void;
  onStage(what: string): void;
  end(): void;
}

const CLEAR_LINE = '\r\x1b[K';

/** A listener for a run's cases that reports on a stream, stderr by default so that stdout stays for results. */
export function createProgress(stream: Terminal = process.stderr): Progress {
  let start = performance.now();
  let pass = 0;
  const onTerminal = (event: CaseEvent) => {
    const line = `[${event.number}/${event.total}] ${timeLeft(event, start)}  ${passOf(event)}${event.case.id}`;
    stream.write(CLEAR_LINE + line.slice(0, (stream.columns ?? 80) - 1));
    if (event.row !== undefined && isFailure(event.row)) stream.write(`${CLEAR_LINE}${outcome(event)}\n`);
  };
  const onPlain = (event: CaseEvent) => {
    if (event.pass > pass && event.passes > 1) stream.write(`[${event.number}/${event.total}] ${passName(event)}\n`);
    pass = event.pass;
    if (event.row !== undefined) stream.write(`[${event.number}/${event.total}] ${outcome(event)}\n`);
  };
  const say = (what: string) => void stream.write(`${stream.isTTY ? CLEAR_LINE : ''}tare: ${what}\n`);
  return {
    onPhase(what) {
      stream.write(stream.isTTY ? CLEAR_LINE + `${what} …`.slice(0, (stream.columns ?? 80) - 1) : `${what}\n`);
      start = performance.now();
    },
    onWarning: say,
    onPlan: say,
    onCase: stream.isTTY ? onTerminal : onPlain,
    onStage: (what) =>
      void stream.write(stream.isTTY ? CLEAR_LINE + `${what} …`.slice(0, (stream.columns ?? 80) - 1) : `${what}\n`),
    end: () => stream.isTTY && stream.write(CLEAR_LINE),
  };
}

function passOf(event: CaseEvent): string {
  return event.passes > 1 ? `${passName(event)}  ` : '';
}

/** Cases whose core was shared are measured again after the passes that were asked for. */
function passName({ pass, passes }: CaseEvent): string {
  return pass > passes ? 'once more, for a free core' : `pass ${pass} of ${passes}`;
}

function timeLeft({ number, total, row }: CaseEvent, start: number): string {
  return timeLeftOf(row === undefined ? number - 1 : number, total, start);
}

/** From the mean time of the steps so far. */
function timeLeftOf(done: number, total: number, start: number): string {
  if (done === 0) return '--:-- left';
  const leftS = ((performance.now() - start) / 1000 / done) * (total - done);
  const minutes = String(Math.floor(leftS / 60)).padStart(2, '0');
  return `${minutes}:${String(Math.floor(leftS % 60)).padStart(2, '0')} left`;
}

function outcome({ case: { id }, row }: CaseEvent): string {
  if (row === undefined) return id;
  if (row.status === 'ok' && !isFailure(row)) return `ok ${row.speedup?.toFixed(2)}x ${id}`;
  if (!isFailure(row)) return `${outcomeOf(row)} ${id}: ${row.reason}`;
  return styleText('red', `${outcomeOf(row)} ${id}: ${failureReason(row)}`, { stream: process.stderr });
}

/** Time between two lines of a countdown that is written to a file, where no line can be written over. */
const LOG_EVERY_MS = 30_000;

/** Progress of many short steps: one line that is written over, or a line now and then. */
export function createCountdown(stream: Terminal = process.stderr) {
  const starts = new Map<number, number>();
  let saidMs = Number.NEGATIVE_INFINITY;
  const show = (text: string) => {
    if (stream.isTTY) stream.write(CLEAR_LINE + text.slice(0, (stream.columns ?? 80) - 1));
    else stream.write(`${text}\n`);
  };
  return {
    say: show,
    /** Steps of the same total belong together; `number` counts from 1. */
    onStep({ number, total, what }: { number: number; total: number; what: string }) {
      const start = starts.get(total) ?? performance.now();
      starts.set(total, start);
      if (!stream.isTTY && performance.now() - saidMs < LOG_EVERY_MS) return;
      saidMs = performance.now();
      show(`[${number}/${total}] ${timeLeftOf(number - 1, total, start)}  ${what}`);
    },
    end: () => stream.isTTY && stream.write(CLEAR_LINE),
  };
}
