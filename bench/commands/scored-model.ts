// A model and its text as commands take them that hold many compressions of it against each other themselves.
import type { InferredOptionTypes, Options } from 'yargs';
import { backendOf, backends } from '../backends/backend.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import { chooseNames } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import type { Technique } from '../contract/technique.ts';
import { type OwnModel, openOwn } from '../inputs/chosen-model.ts';
import { mobyFiles } from '../inputs/moby.ts';
import { readText } from '../inputs/model-text.ts';
import { windowsOf, windowTokens } from '../inputs/text-windows.ts';
import { modelCalibration } from '../models/model-inputs.ts';
import { type Choice, packModel } from '../models/packed-model.ts';
import type { Placement } from '../models/running-model.ts';
import { openScorer, type Scorer } from '../models/score-many.ts';
import type { LayerChoice } from '../models/sensitivity.ts';
import { modelFlags } from './model-flags.ts';
import { COUNT, once, onceNumber, selectionFlags, threadsFlag } from './selection-flags.ts';

const { model, text, calibration } = modelFlags;

export const scoredModelFlags = {
  model: { ...model, describe: 'a Hugging Face folder or a .gguf file', defaultDescription: 'moby' },
  text,
  calibration,
  tokens: {
    requiresArg: true,
    coerce: onceNumber('tokens', COUNT),
    default: 2048,
    describe: 'how many tokens of the text are predicted',
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

export interface ScoredModel {
  readonly own: OwnModel;
  readonly dense: Technique;
  readonly place: Pick<Placement, 'kind' | 'runtime'>;
  readonly scorer: Scorer;
}

export async function openScoredModel(flags: InferredOptionTypes<typeof scoredModelFlags>): Promise<ScoredModel> {
  const { tokens, backend: id, threads, seed } = flags;
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
    tokens,
    '--text',
  );
  const place = { kind: backend.kind, runtime: await backend.open(backend.threads(threads)) };
  const dense = await loadTechnique('dense', [KERNELS_DIR]);
  const uncompressed = packModel(own, dense, () => undefined);
  return { own, dense, place, scorer: await openScorer(uncompressed, windows, place, seed) };
}

/** With the activations that its method looks at, where it does. */
export async function calibrated({ own, dense }: ScoredModel, { technique, params }: Choice): Promise<LayerChoice> {
  if (technique.needsCalibration?.(params) !== true) return { technique, params };
  return { technique, params, calibrationOf: (await modelCalibration(own, dense, own.file, () => true)).of };
}
