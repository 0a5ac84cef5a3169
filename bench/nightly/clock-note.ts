import { readdirSync } from 'node:fs';
import { CLOCK_SLACK_MS } from '../results/history.ts';

const RUN = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-[0-9a-f]{4}\.csv$/;

/** A sentence where the clock says that runs of the history are yet to come: it runs backwards, or ran ahead when they were made. */
export function clockNote(history: string, nowMs: number): string | undefined {
  const times = readdirSync(history).flatMap((name) => {
    const [, day, hours, minutes, seconds] = RUN.exec(name) ?? [];
    return day === undefined ? [] : [Date.parse(`${day}T${hours}:${minutes}:${seconds}Z`)];
  });
  const last = Math.max(...times);
  if (last <= nowMs + CLOCK_SLACK_MS) return undefined;
  const [now, then] = [nowMs, last].map((time) => new Date(time).toISOString().slice(0, 10));
  return `the clock says ${now}, and the history has a run of ${then}: set the clock if it is wrong (timedatectl set-ntp true), else take that run out`;
}
