// A Hugging Face folder of random weights: `node bench/random-model.ts FOLDER [--config config.json]`. Without a configuration it
// is that of SmolLM2-135M.

import { programArguments } from './commands/program-arguments.ts';
import { InputError } from './contract/input-error.ts';
import { huggingFaceConfig } from './inputs/model-files/hugging-face-config.ts';
import { readJson } from './inputs/model-files/json-file.ts';
import { SMOLLM2_135M, writeRandomModel } from './models/write-random-model.ts';

const { folder, config, seed } = await programArguments(
  'random-model',
  '$0 FOLDER\n\nWrites a model of random weights, for what hangs on its size and its architecture alone.',
  (yargs) =>
    yargs.command('$0 <folder>', false, (line) =>
      line
        .positional('folder', { type: 'string', demandOption: true, describe: 'to write, or to write over' })
        .option('config', { type: 'string', describe: 'a config.json to follow instead of that of SmolLM2-135M' })
        .option('seed', { type: 'number', default: 0 })
        .check(({ seed, config }) => {
          if (!Number.isSafeInteger(seed)) throw new InputError(`seed: must be a whole number, got ${seed}`);
          return config === undefined || huggingFaceConfig(config, readJson(config)) !== undefined;
        }),
    ),
);
const path = config === undefined ? undefined : String(config);
writeRandomModel(
  String(folder),
  path === undefined ? SMOLLM2_135M : huggingFaceConfig(path, readJson(path)),
  Number(seed),
);
