import { z } from 'zod';
import { layerChoices } from './problem.ts';
import { presetNames } from './suite.ts';

export const names = z.array(z.string());

const size = z.number().int().positive();

/** What of a run was asked on the command line. */
export const RunArguments = z.object({
  preset: z.enum(presetNames),
  suite: names,
  technique: names,
  backend: names,
  filter: names,
  /** Values that axes and choices are narrowed to, in every technique that has them. */
  axes: z.record(z.string(), z.array(z.union([z.string(), z.number()]))).optional(),
  weights: z.string().optional(),
  /** Rows of activations that take the place of the suites' own, in products. */
  m: z.array(size).optional(),
  /** Products that take the place of the suites', on synthetic weights. */
  shape: z.array(z.object({ M: size, N: size, K: size })).optional(),
  /** A model of the user's, the text it is scored on, and the one that methods look at. */
  model: z.string().optional(),
  text: z.string().optional(),
  calibration: z.string().optional(),
  /** Which layers of models are replaced, how often their stack stands on itself, and tokens in their caches. */
  layers: z.array(z.enum(layerChoices)).optional(),
  scale: size.optional(),
  context: size.optional(),
  /** What was learned beside a model's weights. */
  adapters: z.string().optional(),
  /** A text that is looked up beside a model. */
  datastore: z.string().optional(),
  /** A smaller model with the same tokens, for the texts that a model generates. */
  draft: z.string().optional(),
  /** File that says which technique packs which layer of a model. */
  plan: z.string().optional(),
  kernels: names,
  seed: z.number().int(),
  timeout: z.number().optional(),
  /** Processes a case is measured in; the preset's where not said, as with rounds and time. */
  passes: z.number().int().positive().optional(),
  /** Of one case, all passes together. */
  rounds: z.number().int().positive().optional(),
  /** Time to measure one case for, all passes together, s. */
  minTimeS: z.number().positive().optional(),
  /** Time for all cases together, s; those it has no room for are left out. */
  budgetS: z.number().positive().optional(),
  inProcess: z.boolean(),
  threads: z.number().int(),
  browser: z
    .object({ path: z.string().optional(), headed: z.boolean(), isVisitor: z.literal(true).optional() })
    .default({ headed: false }),
  /** i/n where this is one of n shards. */
  shard: z.string().optional(),
});

export type RunArguments = z.infer<typeof RunArguments>;
