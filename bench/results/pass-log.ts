// <run>.passes.jsonl: what each pass of the cases came to that have no row yet, so that a run that was killed goes on with
// the passes that are missing. It is gone once all cases have their rows.
import { closeSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import type { CaseResult as Result } from '../contract/case-result.ts';
import { CaseResult } from '../contract/case-result-schema.ts';
import { append, open } from './journal.ts';

const step = { case_id: z.string(), pass: z.number().int() };

const PassRecord = z.object({
  ...step,
  started_at: z.string(),
  /** Wall time of the pass, the start of its process included. */
  took_s: z.number(),
  git_commit: z.string().optional(),
  technique_hash: z.string().optional(),
  result: CaseResult satisfies z.ZodType<Result> as z.ZodType<Result>,
});
/** What one pass of a case came to. */
export type PassRecord = z.infer<typeof PassRecord>;

const Entry = z.discriminatedUnion('state', [
  z.object({ ...step, state: z.literal('begun') }),
  z.object({ ...step, state: z.literal('stopped') }),
  PassRecord.extend({ state: z.literal('done') }),
]);
type Entry = z.infer<typeof Entry>;

export class PassLog {
  readonly #file: number;
  readonly #path: string;
  readonly #records = new Map<string, PassRecord[]>();
  readonly #deaths = new Map<string, number>();

  /**
   * Opens the log of a run, a new one or that of an interrupted run. Damaged lines are passed over, and passes of other
   * code: a row holds what one code came to.
   */
  constructor(path: string, isOfThisCode: (record: PassRecord) => boolean) {
    this.#path = path;
    for (const entry of readEntries(path)) {
      if (entry.state !== 'done' || isOfThisCode(entry)) this.#take(entry);
    }
    this.#file = open(path);
    // A line that a kill cut short must not swallow the next one.
    append(this.#file, '\n', path);
  }

  /** In the order in which they were measured. */
  of(caseId: string): readonly PassRecord[] {
    return this.#records.get(caseId) ?? [];
  }

  /** How often in a row the run ended, other than by a stop, while it measured this case. */
  deaths(caseId: string): number {
    return this.#deaths.get(caseId) ?? 0;
  }

  begin(caseId: string, pass: number): void {
    this.#write({ state: 'begun', case_id: caseId, pass });
  }

  /** The pass was given up on demand. */
  stop(caseId: string, pass: number): void {
    this.#write({ state: 'stopped', case_id: caseId, pass });
  }

  add(record: PassRecord): void {
    this.#write({ state: 'done', ...record });
  }

  close({ isFinished }: { readonly isFinished: boolean }): void {
    closeSync(this.#file);
    if (isFinished) rmSync(this.#path, { force: true });
  }

  #write(entry: Entry): void {
    append(this.#file, `${JSON.stringify(entry)}\n`, this.#path);
    this.#take(entry);
  }

  #take(entry: Entry): void {
    const { case_id: id, state } = entry;
    switch (state) {
      case 'begun':
        this.#deaths.set(id, this.deaths(id) + 1);
        break;
      case 'stopped':
        this.#deaths.set(id, this.deaths(id) - 1);
        break;
      case 'done': {
        this.#deaths.delete(id);
        const { state: _, ...record } = entry;
        this.#records.set(id, [...this.of(id), record]);
        break;
      }
      default:
        state satisfies never;
    }
  }
}

function readEntries(path: string): Entry[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').flatMap(parseEntry);
}

function parseEntry(line: string): Entry[] {
  try {
    return [Entry.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}
