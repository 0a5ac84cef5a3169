// What a page says a case came to, checked where it comes in. JSON has no undefined and no infinity: both are null.
import { z } from 'zod';
import type { Weighed as Figures } from '../../contract/case-result.ts';

const figure = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const interval = z
  .object({ low: z.number(), high: z.number() })
  .nullish()
  .transform((value) => value ?? undefined);
const samples = z.object({ rounds: z.array(z.array(z.number())), dropped: z.number() });

/** A figure that is missing here would be dropped on its way out of the page. */
const fields = {
  status: z.enum(['ok', 'skipped', 'unsupported', 'incorrect', 'error', 'timeout', 'oom', 'noisy']),
  reason: z.string().optional(),
  caveat: z.string().optional(),
  summary: z
    .object({
      rounds: z.number(),
      samples: z.number(),
      medianNs: z.number(),
      p20Ns: z.number(),
      p95Ns: z.number(),
      minNs: z.number(),
      ci95: interval,
    })
    .optional(),
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
  storedBytes: z.object({ values: z.number(), indices: z.number(), scales: z.number() }).optional(),
  variant: z.string().optional(),
  workspaceBytes: figure,
  deviceBytes: figure,
  flops: figure,
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
  driftBudgetDb: figure,
  driftOk: z.boolean().optional(),
  timerResolutionNs: figure,
} satisfies Record<keyof Figures, z.ZodType>;

export const Weighed = z.object(fields);
export type Weighed = z.infer<typeof Weighed>;
