// `npm run train:moby`: trains a model that is shipped with tare on this machine's cores, and writes it as a Hugging Face folder.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { REVECTORIZE, whyNotRevectorized } from '../../backends/wasm-revectorize.ts';
import { PROJECT } from '../../cases/registry.ts';
import { programArguments } from '../../commands/program-arguments.ts';
import { COUNT, once, onceNumber } from '../../commands/selection-flags.ts';
import { InputError } from '../../contract/input-error.ts';
import { seededRandom } from '../../statistics/random.ts';
import { tokenBytes } from './byte-pair-encoding.ts';
import { readCorpus } from './corpus.ts';
import { initialWeights, parameterCount } from './parameters.ts';
import { recipes } from './recipes.ts';
import { type TrainingText, tokenize } from './text.ts';
import { readTrainedWeights, writeTrainedModel } from './trained-model.ts';
import { mean, openTrainer, type Trainer } from './trainer.ts';
import { hasCheckpoint, readLog, resumeTraining, runTraining } from './training-run.ts';
import { cutWindows } from './windows.ts';

const recipe = recipes.moby;
const TRAINING = join(PROJECT, '.training');
const PACKAGES = join(TRAINING, 'node_modules');
const WHOLE = {
  must: 'must be a whole number of at least 0',
  isRight: (n: number) => Number.isSafeInteger(n) && n >= 0,
};

const values = await programArguments(
  'train:moby',
  '$0\n\nTrains moby and writes it as a Hugging Face folder. Stopped or killed, it goes on with --resume, to the same bits.',
  (yargs) =>
    yargs
      .option('steps', {
        requiresArg: true,
        default: 8000,
        coerce: onceNumber('steps', COUNT),
        describe: 'steps in all, those of the run it goes on from included',
      })
      .option('decay', {
        requiresArg: true,
        default: 1000,
        coerce: onceNumber('decay', WHOLE),
        describe: 'the last steps, over which the rate falls to 0; more --steps later go on from before them',
      })
      .option('threads', {
        requiresArg: true,
        default: Math.min(availableParallelism(), recipe.batch.shards),
        coerce: onceNumber('threads', COUNT),
        describe: `at most ${recipe.batch.shards}; any number gives the same bits`,
      })
      .option('resume', { type: 'boolean', default: false, describe: 'goes on from the last checkpoint' })
      .option('from', {
        type: 'string',
        requiresArg: true,
        coerce: once('from'),
        describe: 'folder of a trained model whose weights a new run starts with',
      })
      .option('out', {
        type: 'string',
        requiresArg: true,
        coerce: once('out'),
        defaultDescription: `bench/models/${recipe.name}`,
        describe: 'folder that the trained model is written to',
      })
      .option('checkpoints', {
        type: 'string',
        requiresArg: true,
        coerce: once('checkpoints'),
        defaultDescription: `.training/checkpoints/${recipe.name}`,
        describe: 'folder of the run: its state, kept every few minutes, and its log',
      })
      .option('minutes', {
        requiresArg: true,
        default: 3,
        coerce: onceNumber('minutes', COUNT),
        describe: 'between checkpoints',
      }),
);
try {
  await train();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`train:moby: ${error.message}\n`);
  process.exitCode = 2;
}

async function train(): Promise<void> {
  const { steps, decay, threads, resume, from } = values;
  const checkpoints = resolve(values.checkpoints ?? join(TRAINING, 'checkpoints', recipe.name));
  if (!resume && hasCheckpoint(checkpoints))
    throw new InputError(
      `${checkpoints}: holds an earlier run; add --resume to go on with it, or name other --checkpoints`,
    );
  if (resume && !hasCheckpoint(checkpoints))
    throw new InputError(`${checkpoints}: must hold a run to go on with; leave out --resume to begin one`);
  if (resume && from !== undefined)
    throw new InputError('--from: must not be given with --resume, which has its own weights');
  if (decay > steps) throw new InputError(`--decay: must be at most --steps ${steps}, got ${decay}`);
  installTexts();
  const start = from === undefined ? undefined : readTrainedWeights(resolve(from), recipe.config);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const text = tokenize(readCorpus(PACKAGES), recipe.config.vocabularySize);
  const trainer = await openTrainer(recipe, threads, await vectorWidth());
  trainer.state[0].set(start ?? initialWeights(recipe.config, seededRandom(recipe.seed)));
  const run = { model: recipe.name, steps, decay, sha256: text.sha256 };
  const first = resume ? resumeTraining(checkpoints, trainer.state, run) : 0;
  print(`${parameterCount(recipe.config)} parameters, ${text.train.length} training tokens, from step ${first}`);
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopped = true));
  const settings = { steps, decay, checkpoints, minutesBetweenCheckpoints: values.minutes, print };
  const done = await runTraining(recipe, text, trainer, first, { ...settings, isStopped: () => stopped });
  if (done < steps) {
    print(`stopped after step ${done}; --resume goes on`);
    process.exitCode = 130;
  } else {
    const out = resolve(values.out ?? join(PROJECT, 'bench/models', recipe.name));
    await writeModel(trainer, text, checkpoints, out);
    print(`wrote ${out}`);
  }
  trainer.close();
}

function installTexts(): void {
  if (existsSync(PACKAGES)) return;
  execFileSync('npm', ['ci', '--prefix', TRAINING, '--ignore-scripts'], { stdio: 'inherit' });
}

async function writeModel(trainer: Trainer, text: TrainingText, checkpoints: string, out: string): Promise<void> {
  const weights = trainer.state[0].slice();
  const windows = cutWindows(text.heldOut, recipe.config.contextLength);
  const bytes = tokenBytes(text.merges).map(({ length }) => length);
  const scored = text.heldOut.subarray(1, windows.length * recipe.config.contextLength + 1);
  const loss = mean(await trainer.losses(windows));
  trainer.state[0].set(new Float16Array(weights));
  const figures = {
    loss,
    f16Loss: mean(await trainer.losses(windows)),
    heldOutTokens: scored.length,
    heldOutBytes: scored.reduce((total, id) => total + bytes[id], 0),
    trainTokens: text.train.length,
    trainBytes: Buffer.byteLength(text.corpus.train.join('')),
  };
  const { merges, corpus } = text;
  writeTrainedModel(out, { recipe, weights, merges, corpus, figures, log: readLog(checkpoints) });
}

/** Results are the same bits either way; 256 is twice as fast. */
async function vectorWidth(): Promise<128 | 256> {
  if ((await whyNotRevectorized('training')) !== undefined) return 128;
  setFlagsFromString(REVECTORIZE);
  return 256;
}
