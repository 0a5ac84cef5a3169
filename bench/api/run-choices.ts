// What a run is asked for: by the flags of `tare run`, or by a program of one's own.
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { DEFAULT_SEED } from '../contract/case.ts';
import { InputError } from '../contract/input-error.ts';
import type { LayerChoice } from '../contract/problem.ts';
import { RunArguments } from '../contract/run-arguments.ts';
import { isSuitePath, type PresetName } from '../contract/suite.ts';
import type { AxisValue } from '../contract/technique.ts';

/**
 * Each is a flag of `tare run`, which `tare run --help` explains; of what is not given, all or the usual. Paths are relative to the
 * folder the process is in.
 */
export interface RunChoices {
  /** How thorough: `smoke` (< 20 s), `quick` (< 3 min; where not said) or `nightly` (some 2 h). */
  readonly preset?: PresetName;
  /** Names; all where not said or empty. A suite may be a module of one's own or a folder of them, by a path with a `/` or an ending. */
  readonly suite?: readonly string[];
  readonly technique?: readonly string[];
  readonly backend?: readonly string[];
  /** Only cases whose id contains one of these texts, or matches it where it has `*` or `?`. */
  readonly filter?: readonly string[];
  /** Values of an axis or choice in place of the suites' own. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
  /** A `.safetensors` or `.gguf` file, an index or a folder: its matrices replace the model's. */
  readonly weights?: string;
  /** Rows of activations in place of the suites' own; products only. */
  readonly m?: readonly number[];
  /** Products on synthetic weights in place of the suites' own. */
  readonly shape?: readonly { readonly M: number; readonly N: number; readonly K: number }[];
  /** A Hugging Face folder or a `.gguf` file in place of tare's own model, and its layers in place of the suites'. */
  readonly model?: string;
  /** Text files that the model is scored on, and that methods look at before they choose. */
  readonly text?: string;
  readonly calibration?: string;
  /** Which linear layers of a model to replace. */
  readonly layers?: readonly LayerChoice[];
  /** How often a model's stack of layers stands on itself. */
  readonly scale?: number;
  /** Tokens in the caches of a model that decodes. */
  readonly context?: number;
  /** A folder of PEFT's LoRA: factors that were learned beside a model's weights. */
  readonly adapters?: string;
  /** A text file that is looked up beside a model at each token. */
  readonly datastore?: string;
  /** A smaller model with the same tokens, which may draft what a model generates. */
  readonly draft?: string;
  /** A file of `tare recommend`. */
  readonly plan?: string;
  /** Folders with techniques of one's own. */
  readonly kernels?: readonly string[];
  /** Of synthetic inputs and resampling. */
  readonly seed?: number;
  /** Of one pass of a case, s; the preset's where not said. */
  readonly timeoutS?: number;
  /** Processes a case is measured in, its rounds and its time in s, all processes together; the preset's where not said. */
  readonly processes?: number;
  readonly rounds?: number;
  readonly minTimeS?: number;
  /** Time for the whole run, s: cases that tell most come first, and the rest is left out. */
  readonly budgetS?: number;
  /** With `budgetS`, folder of earlier runs, by which the cases that tell most are chosen; `out` where not said. */
  readonly history?: string;
  /** No child processes: for debuggers, not for figures. */
  readonly inProcess?: boolean;
  /** Of the backends that use several; all cores where not said. */
  readonly threads?: number;
  /** Program of one's own browser for the `chromium-*` backends, and whether its window is shown. */
  readonly browser?: { readonly path?: string; readonly headed?: boolean };
  /** `i/n`: only the i-th of n parts of the cases, for n machines. */
  readonly shard?: string;
  /** CSV of an earlier run or of its costs, by whose times shards are balanced. */
  readonly shardCosts?: string;
  /** Folder of the results, which is made where it is missing; `results` where not said. */
  readonly out?: string;
  /** Id or CSV of an interrupted run that is finished as it was begun: nothing may be chosen beside it but `out`. */
  readonly resume?: string;
}

const { passes, timeout, browser: _, ...shared } = RunArguments.shape;
const Choices = z.strictObject({
  ...shared,
  processes: passes,
  timeoutS: timeout,
  browser: z.strictObject({ path: z.string().optional(), headed: z.boolean().optional() }),
  history: z.string(),
  shardCosts: z.string(),
  out: z.string(),
  resume: z.string(),
} satisfies Record<keyof RunChoices, z.ZodType>);

/** Throws InputError on what is no choice, and on values of another kind. */
export function argumentsOf(choices: RunChoices): RunArguments {
  const parsed = Choices.partial().safeParse(choices);
  if (!parsed.success) throw new InputError(`run: ${wrongWith(parsed.error.issues[0])}`);
  const { processes, timeoutS, browser, history, shardCosts, out, resume, ...rest } = parsed.data;
  const { weights, model, text, calibration, adapters, datastore, draft, plan, kernels = [] } = rest;
  const path = (given: string | undefined) => given && resolve(given);
  return {
    ...rest,
    preset: rest.preset ?? 'quick',
    suite: (rest.suite ?? []).map((name) => (isSuitePath(name) ? resolve(name) : name)),
    technique: rest.technique ?? [],
    backend: rest.backend ?? [],
    filter: rest.filter ?? [],
    weights: path(weights),
    model: path(model),
    text: path(text),
    calibration: path(calibration),
    adapters: path(adapters),
    datastore: path(datastore),
    draft: path(draft),
    plan: path(plan),
    kernels: kernels.map((folder) => resolve(folder)),
    seed: rest.seed ?? DEFAULT_SEED,
    timeout: timeoutS,
    passes: processes,
    inProcess: rest.inProcess ?? false,
    threads: rest.threads ?? availableParallelism(),
    browser: { path: browser?.path, headed: browser?.headed ?? false },
  };
}

function wrongWith({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.') || 'choices'}: must be as RunChoices says, got ${message.toLowerCase()}`;
}
