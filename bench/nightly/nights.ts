// nights.jsonl beside a history: which of its runs were judged and told of, in which words, and what of that reached the
// webhook. So an alert is raised once, whatever ended the process before or after it.
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../contract/input-error.ts';
import { wholeSize } from '../results/whole-lines.ts';

const NIGHTS_FILE = 'nights.jsonl';

const at = z.string();
const Told = z.object({
  run_id: z.string(),
  at,
  exit_code: z.number().int(),
  summary: z.string(),
  alerts: z.array(z.object({ level: z.enum(['error', 'warning']), message: z.string() })),
});
const Sent = z.object({
  run_id: z.string(),
  at,
  webhook: z.enum(['sent', 'failed']),
  reason: z.string().optional(),
});

/** A night that was judged. */
export type Told = z.infer<typeof Told>;
/** What came of telling the webhook of it. */
export type Sent = z.infer<typeof Sent>;

export interface Nights {
  readonly told: readonly Told[];
  /** Of these, the newest and those the webhook failed to be told of, but for those it knows. */
  readonly unsent: readonly Told[];
}

/** Damaged lines, as a kill leaves them, are passed over. */
export function readNights(history: string): Nights {
  const path = join(history, NIGHTS_FILE);
  const lines = existsSync(path) ? readText(path).split('\n').map(parse) : [];
  const told = lines.flatMap((line) => Told.safeParse(line).data ?? []);
  const attempts = lines.flatMap((line) => Sent.safeParse(line).data ?? []);
  const runsOf = (outcome: Sent['webhook']) =>
    new Set(attempts.filter(({ webhook }) => webhook === outcome).map(({ run_id }) => run_id));
  const [sent, failed] = [runsOf('sent'), runsOf('failed')];
  const unsent = told.filter((night) => !sent.has(night.run_id) && (failed.has(night.run_id) || night === told.at(-1)));
  return { told, unsent };
}

export function appendNight(history: string, line: Told | Sent): void {
  const path = join(history, NIGHTS_FILE);
  try {
    const isWhole = !existsSync(path) || wholeSize(path) === statSync(path).size;
    appendFileSync(path, `${isWhole ? '' : '\n'}${JSON.stringify(line)}\n`);
  } catch (error) {
    throw new InputError(
      `--history: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`${path}: must be readable, got ${(error as NodeJS.ErrnoException).code}`);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
