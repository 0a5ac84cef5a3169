// A model and its text as commands take them that hold many compressions of it against each other themselves.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { InferredOptionTypes, Options } from 'yargs';
import { backendOf, backends } from '../backends/backend.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import { chooseNames } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { linearLayers } from '../contract/model.ts';
import type { Technique } from '../contract/technique.ts';
import { type OwnModel, openOwn } from '../inputs/chosen-model.ts';
import { mobyFiles } from '../inputs/moby.ts';
import { readText } from '../inputs/model-text.ts';
import { LEAST_SCORED, windowsOf, windowTokens } from '../inputs/text-windows.ts';
import { modelCalibration } from '../models/model-inputs.ts';
import { type Choice, packModel } from '../models/packed-model.ts';
import type { Placement } from '../models/running-model.ts';
import { openScorer, type Scorer } from '../models/score-many.ts';
import type { LayerChoice } from '../models/sensitivity.ts';
import { modelFlags } from './model-flags.ts';
import { COUNT, once, onceNumber, selectionFlags, threadsFlag } from './selection-flags.ts';

const { model, text, calibration } = modelFlags;

/** Models are scored hundreds of times over: a large one on as many tokens as take it so many operations, and a small one on no more than say enough. */
const MOST_TOKENS = 2048;
const FLOPS_OF_A_SCORE = 1e11;
/** Tokens for one that is predicted. */
const TAKEN_IN = 2;

export const scoredModelFlags = {
  model: { ...model, describe: 'a Hugging Face folder or a .gguf file', defaultDescription: 'moby' },
  text,
  calibration,
  tokens: {
    requiresArg: true,
    coerce: onceNumber('tokens', COUNT),
    describe: 'how many tokens of the text are predicted',
    defaultDescription: `${MOST_TOKENS}, of large models as few as ${LEAST_SCORED}`,
  },
  backend: {
    type: 'string',
    requiresArg: true,
    default: 'wasm-mt',
    coerce: once('backend'),
    describe: 'where the model runs: ts, wasm or wasm-mt',
  },
  threads: threadsFlag,
  seed: { ...selectionFlags.seed, describe: 'seed of resampling' },
} as const satisfies Record<string, Options>;

function tokensOf({ config }: OwnModel): number {
  const flops = 2 * linearLayers(config).reduce((sum, { N, K }) => sum + N * K, 0);
  return Math.max(LEAST_SCORED, Math.min(MOST_TOKENS, Math.floor(FLOPS_OF_A_SCORE / (TAKEN_IN * flops))));
}

export interface ScoredModel {
  readonly own: OwnModel;
  readonly dense: Technique;
  readonly place: Pick<Placement, 'kind' | 'runtime'>;
  readonly scorer: Scorer;
}

export async function openScoredModel(flags: InferredOptionTypes<typeof scoredModelFlags>): Promise<ScoredModel> {
  const { backend: id, threads, seed } = flags;
  exposeGarbageCollector();
  const able = backends.filter(({ kind, page, onlyWhenNamed }) => {
    return (kind === 'ts' || kind === 'wasm') && page === undefined && !onlyWhenNamed;
  });
  const [name] = chooseNames(
    'backend',
    [id],
    able.map((backend) => backend.id),
  );
  const backend = backendOf(name);
  if (backend.page !== undefined) throw new InputError(`--backend: must run in this process, got ${id}`);
  const own = openOwn(flags.model ?? mobyFiles.path, flags);
  const windows = windowsOf(
    readText(own.file.text, '--text'),
    own.tokenizer,
    windowTokens(own.config),
    flags.tokens ?? tokensOf(own),
    '--text',
  );
  const place = { kind: backend.kind, runtime: await backend.open(backend.threads(threads)) };
  const dense = await loadTechnique('dense', [KERNELS_DIR]);
  const uncompressed = packModel(own, dense, () => undefined);
  return { own, dense, place, scorer: await openScorer(uncompressed, windows, place, seed) };
}

/** To what places models, which tells it when to look: see garbage.ts. */
function exposeGarbageCollector(): void {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc');
}

/** With the activations that its method looks at, where it does. */
export async function calibrated({ own, dense }: ScoredModel, { technique, params }: Choice): Promise<LayerChoice> {
  if (technique.needsCalibration?.(params) !== true) return { technique, params };
  return { technique, params, calibrationOf: (await modelCalibration(own, dense, own.file, () => true)).of };
}
