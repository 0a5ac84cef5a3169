// What a process, a page or a file says a case came to, checked where it comes in.
import { z } from 'zod';
import type { Weighed as Figures, CaseResult as Result } from './case-result.ts';

/** JSON has no undefined and no infinity, both are null there: a figure that is none of these is missing. */
const figure = z
  .union([z.number(), z.nan(), z.literal([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])])
  .nullish()
  .transform((value) => (Number.isFinite(value) ? (value ?? undefined) : undefined));
const interval = z
  .object({ low: z.number(), high: z.number() })
  .nullish()
  .transform((value) => value ?? undefined);
const samples = z.object({ rounds: z.array(z.array(z.number())), dropped: z.number() });

/** Longer reasons are cut where they arise; what is longer all the same is not told by a kernel that means well. */
const MOST_LETTERS = 4000;
const text = z
  .string()
  .transform((letters) => letters.slice(0, MOST_LETTERS))
  .optional();

/** Fields that are missing here are dropped on their way in. */
const weighed = {
  status: z.enum(['ok', 'skipped', 'unsupported', 'incorrect', 'error', 'timeout', 'oom', 'noisy']),
  reason: text,
  caveat: text,
  samples: z.object({ candidate: samples, baseline: samples }).optional(),
  core: z
    .object({
      state: z.enum(['free', 'shared', 'mixed']),
      freeRounds: z.number(),
      canaryCycles: z.array(z.number()),
      bestCycles: z.number(),
    })
    .optional(),
  ratio: z.object({ speedup: z.number(), ci95: interval }).optional(),
  deviceTime: z.object({ ns: z.number(), speedup: z.number(), quantumNs: z.number() }).optional(),
  transfers: z.object({ uploadNs: z.number(), readbackNs: z.number() }).optional(),
  storedBytes: z
    .object({ values: z.number(), indices: z.number(), scales: z.number(), corrections: z.number().optional() })
    .optional(),
  energyJ: figure,
  calibrationRows: figure,
  folded: text,
  variant: z.string().optional(),
  arithmetic: z.enum(['f32', 'int8']).optional(),
  workspaceBytes: figure,
  deviceBytes: figure,
  kvCacheBytes: figure,
  flops: figure,
  weightBytes: figure,
  kernelNmse: figure,
  drift: z
    .object({
      sqnr_db: figure,
      rel_fro_err: figure,
      max_abs_err: z.number(),
      p99_abs_err: z.number(),
      cosine: figure,
      nonfinite: z.number(),
    })
    .optional(),
  score: z
    .object({
      tokens: z.number(),
      ppl: figure,
      pplRatio: figure,
      pplRatioCi95: interval,
      kldMean: figure,
      kldMeanCi95: interval,
      kldP99: figure,
      kldMax: figure,
      sameTopPct: z.number(),
      rmsDpPct: figure,
    })
    .optional(),
  accuracy: z
    .object({
      examples: z.number(),
      accuracyPct: z.number(),
      changePct: z.number(),
      changeCi95: z.object({ low: z.number(), high: z.number() }),
    })
    .optional(),
  drafts: z
    .object({ acceptancePct: z.number(), costPct: z.number(), checkPct: z.number(), expectedSpeedup: z.number() })
    .optional(),
  driftBudgetDb: figure,
  driftOk: z.boolean().optional(),
  timerResolutionNs: figure,
} satisfies Record<keyof Figures, z.ZodType>;

/** Part of a result that a page comes to: what it knows nothing of is added around it. */
export const Weighed = z.object(weighed);
export type Weighed = z.infer<typeof Weighed>;

export const CaseResult = z.object({
  ...weighed,
  inputHash: z.string().optional(),
  peakRssBytes: figure,
  loadBefore: figure,
  loadAfter: figure,
  canaryNs: figure,
} satisfies Record<keyof Result, z.ZodType>);
