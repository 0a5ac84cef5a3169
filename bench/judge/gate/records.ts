// What each trial came to, a JSON line each, so that parts can be run apart and the table made of what there is.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { CaseOutcome } from '../ab/compare-versions.ts';
import { parts, type Trial } from './trials.ts';

const verdict = z.enum(['faster', 'slower', 'same', 'inconclusive']);

const GateRecord = z.object({
  part: z.enum(parts),
  name: z.string(),
  number: z.number().int(),
  commit: z.string(),
  seconds: z.number(),
  cases: z.array(
    z.object({
      case_id: z.string(),
      status: z.enum(['compared', 'failed', 'skipped']),
      reason: z.string().optional(),
      flagged: verdict.optional(),
      first_change: z.number().optional(),
      verdict: verdict.optional(),
      change: z.number().optional(),
      confirmed: z.boolean().optional(),
      outputs_differing: z.number().optional(),
      max_ulps: z.number().optional(),
    }),
  ),
});
export type GateRecord = z.infer<typeof GateRecord>;

/** A line that a kill left unfinished is passed over. */
export function readRecords(path: string): GateRecord[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8').split('\n').flatMap(parseRecord);
}

function parseRecord(line: string): GateRecord[] {
  try {
    return [GateRecord.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}

export function appendRecord(path: string, record: GateRecord): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(record)}\n`);
}

export function recordOf(
  trial: Trial,
  outcomes: readonly CaseOutcome[],
  facts: { commit: string; seconds: number },
): GateRecord {
  return { ...trial, ...facts, cases: outcomes.map(caseRecord) };
}

function caseRecord({ case: { id }, outcome }: CaseOutcome): GateRecord['cases'][number] {
  if (outcome.status !== 'compared') return { case_id: id, status: outcome.status, reason: outcome.reason };
  const { flagged, judgement, isConfirmed, outputChange } = outcome;
  return {
    case_id: id,
    status: outcome.status,
    flagged: flagged?.verdict,
    first_change: flagged?.change,
    verdict: judgement.verdict,
    change: judgement.change,
    confirmed: isConfirmed,
    outputs_differing: outputChange?.differing,
    max_ulps: outputChange?.maxUlps,
  };
}
