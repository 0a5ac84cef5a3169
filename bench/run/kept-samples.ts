// What of a pass's samples is kept beside the CSV.
import type { CaseResult } from '../contract/case-result.ts';
import type { SampleRecord } from '../results/journal.ts';
import type { PassRecord } from '../results/pass-log.ts';

/** Samples as they are kept: tenths of a nanosecond are more digits than any clock gives. */
export function roundedSamples(result: CaseResult): CaseResult {
  if (result.samples === undefined) return result;
  const tenths = (rounds: readonly (readonly number[])[]) =>
    rounds.map((round) => round.map((ns) => (ns < 10_000 ? Math.round(ns * 10) / 10 : Math.round(ns))));
  const { candidate, baseline } = result.samples;
  return {
    ...result,
    samples: {
      candidate: { ...candidate, rounds: tenths(candidate.rounds) },
      baseline: { ...baseline, rounds: tenths(baseline.rounds) },
    },
  };
}

export function samplesOf({ case_id, pass, result: { samples, core } }: PassRecord): SampleRecord[] {
  if (samples === undefined) return [];
  const { candidate, baseline } = samples;
  const canary_cycles = core?.canaryCycles.map(Math.round);
  return [{ case_id, pass, candidate_ns: candidate.rounds, baseline_ns: baseline.rounds, canary_cycles }];
}
