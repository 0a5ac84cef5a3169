// Trains a model that is shipped with tare on this machine's cores, and writes it as a Hugging Face folder. `npm run train:moby`
// trains moby.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { REVECTORIZE, whyNotRevectorized } from '../../backends/wasm-revectorize.ts';
import { PROJECT } from '../../cases/registry.ts';
import { programArguments } from '../../commands/program-arguments.ts';
import { COUNT, once, onceNumber } from '../../commands/selection-flags.ts';
import { InputError } from '../../contract/input-error.ts';
import { seededRandom } from '../../statistics/random.ts';
import { startedWeights } from './adapters.ts';
import { readCorpus } from './corpus.ts';
import { initialWeights, parameterCount } from './parameters.ts';
import { type Recipe, recipeOf, recipes, runName } from './recipes.ts';
import { finishedRun, keepRun } from './runs.ts';
import { type TrainingText, tokenize } from './text.ts';
import { readTrainedWeights, writeCards, writeTrainedModel } from './trained-model.ts';
import { openTrainer, type Trainer } from './trainer.ts';
import { hasCheckpoint, type LogEntry, readLog, resumeTraining, runTraining } from './training-run.ts';

const TRAINING = join(PROJECT, '.training');
const PACKAGES = join(TRAINING, 'node_modules');
const WHOLE = {
  must: 'must be a whole number of at least 0',
  isRight: (n: number) => Number.isSafeInteger(n) && n >= 0,
};
const MOST_SHARDS = Math.max(...[...recipes.values()].map(({ batch }) => batch.shards));

const values = await programArguments(
  'train',
  '$0\n\nTrains a model and writes it as a Hugging Face folder. Stopped or killed, it goes on with --resume, to the same bits.',
  (yargs) =>
    yargs
      .option('recipe', {
        requiresArg: true,
        default: 'moby',
        choices: [...recipes.keys()],
        describe: 'what is trained, and how: bench/models/training/recipes.ts',
      })
      .option('seed', {
        requiresArg: true,
        coerce: onceNumber('seed', WHOLE),
        defaultDescription: "the recipe's",
        describe:
          "of weights at the start and of the order of texts; of others than the recipe's only figures are kept",
      })
      .option('steps', {
        requiresArg: true,
        coerce: onceNumber('steps', COUNT),
        defaultDescription: "the recipe's",
        describe: 'steps in all, those of the run it goes on from included',
      })
      .option('decay', {
        requiresArg: true,
        coerce: onceNumber('decay', WHOLE),
        defaultDescription: "the recipe's",
        describe: 'the last steps, over which the rate falls to 0; more --steps later go on from before them',
      })
      .option('threads', {
        requiresArg: true,
        default: Math.min(availableParallelism(), MOST_SHARDS),
        coerce: onceNumber('threads', COUNT),
        describe: `at most ${MOST_SHARDS}; any number gives the same bits`,
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
        defaultDescription: 'bench/models/<recipe>',
        describe: 'folder that the trained model is written to; figures go to runs.jsonl beside it',
      })
      .option('checkpoints', {
        type: 'string',
        requiresArg: true,
        coerce: once('checkpoints'),
        defaultDescription: '.training/checkpoints/<recipe>',
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
  process.stderr.write(`train: ${error.message}\n`);
  process.exitCode = 2;
}

async function train(): Promise<void> {
  const { threads, resume, from } = values;
  const recipe = recipeOf(values.recipe);
  const { config } = recipe;
  const { seed = recipe.seed, steps = recipe.steps, decay = Math.min(recipe.decay, steps) } = values;
  const name = runName(recipe, seed);
  const out = resolve(values.out ?? join(PROJECT, 'bench/models', recipe.name));
  const checkpoints = resolve(values.checkpoints ?? join(TRAINING, 'checkpoints', name));
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
  const start = from === undefined ? undefined : readTrainedWeights(resolve(from), config);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const text = tokenize(readCorpus(PACKAGES), config.vocabularySize, recipe.passages);
  const trainer = await openTrainer(recipe, threads, await vectorWidth());
  const { teacher } = recipe;
  if (teacher !== undefined)
    trainer.teacher?.set(readTrainedWeights(folderOf(teacher.name, dirname(out)), teacher.config));
  trainer.state[0].set(start ?? (await firstWeights(recipe, seed, dirname(out))));
  const first = resume
    ? resumeTraining(checkpoints, trainer.state, { model: name, steps, decay, sha256: text.sha256 })
    : 0;
  print(
    `${name}: ${parameterCount(config, recipe.adapters)} parameters, ${text.train.length} training tokens, from step ${first}`,
  );
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (stopped = true));
  const settings = { steps, decay, checkpoints, minutesBetweenCheckpoints: values.minutes, print };
  const done = await runTraining(recipe, seed, text, trainer, first, { ...settings, isStopped: () => stopped });
  if (done < steps) {
    print(`stopped after step ${done}; --resume goes on`);
    process.exitCode = 130;
  } else {
    await keepFinished(recipe, seed, steps, trainer, text, readLog(checkpoints), out);
    print(`wrote ${out}`);
  }
  trainer.close();
}

/** Of another model: beside the one that is trained, else where tare ships it. */
function folderOf(name: string, models: string): string {
  const beside = join(models, name);
  return existsSync(beside) ? beside : join(PROJECT, 'bench/models', name);
}

async function firstWeights(recipe: Recipe, seed: number, models: string): Promise<Float32Array> {
  const { config, start } = recipe;
  if (start === undefined) return initialWeights(config, seededRandom(seed));
  const base = readTrainedWeights(folderOf(start.from, models), recipeOf(start.from).config);
  return startedWeights(recipe, base, seededRandom(seed));
}

function installTexts(): void {
  if (existsSync(PACKAGES)) return;
  execFileSync('npm', ['ci', '--prefix', TRAINING, '--ignore-scripts'], { stdio: 'inherit' });
}

/** Weights of the recipe's own seed, figures of every one, and the cards that tell of them. */
async function keepFinished(
  recipe: Recipe,
  seed: number,
  steps: number,
  trainer: Trainer,
  text: TrainingText,
  log: readonly LogEntry[],
  out: string,
): Promise<void> {
  const models = dirname(out);
  mkdirSync(models, { recursive: true });
  const weights = trainer.state[0].slice();
  keepRun(models, await finishedRun(recipe, seed, steps, trainer, text));
  if (seed === recipe.seed) writeTrainedModel(out, { recipe, weights, text, log });
  writeCards(models);
}

/** Results are the same bits either way; 256 is twice as fast. */
async function vectorWidth(): Promise<128 | 256> {
  if ((await whyNotRevectorized('training')) !== undefined) return 128;
  setFlagsFromString(REVECTORIZE);
  return 256;
}
