import { z } from 'zod';

export const names = z.array(z.string());

/** What of a run was asked on the command line. */
export const RunArguments = z.object({
  preset: z.enum(['smoke', 'quick', 'nightly']),
  suite: names,
  technique: names,
  backend: names,
  filter: names,
  weights: z.string().optional(),
  kernels: names,
  seed: z.number().int(),
  timeout: z.number().optional(),
  inProcess: z.boolean(),
  threads: z.number().int(),
  browser: z
    .object({ path: z.string().optional(), headed: z.boolean(), isVisitor: z.literal(true).optional() })
    .default({ headed: false }),
  /** i/n where this is one of n shards. */
  shard: z.string().optional(),
});

export type RunArguments = z.infer<typeof RunArguments>;
