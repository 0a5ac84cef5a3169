// `node bench/models/training/datastore-text.ts FOLDER`: a piece of the training text beside a model of the folder, as datastore.txt,
// so long that the model and what is looked up beside it, with keys in int8, are as many bytes as a larger model.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROJECT } from '../../cases/registry.ts';
import { programArguments } from '../../commands/program-arguments.ts';
import { InputError } from '../../contract/input-error.ts';
import { mobyFiles } from '../../inputs/moby.ts';
import { openModel } from '../../inputs/model-files/open-model.ts';
import { cutForBytes } from '../datastore/cut-for-bytes.ts';
import { readCorpus } from './corpus.ts';

const values = await programArguments(
  'datastore-text',
  '$0 FOLDER\n\nWrites datastore.txt beside a small model: as much training text as makes both as large as a larger model.',
  (yargs) =>
    yargs.command('$0 <folder>', false, (line) =>
      line
        .positional('folder', { type: 'string', demandOption: true, describe: 'of the small model' })
        .option('beside', { type: 'string', default: mobyFiles.path, describe: 'folder of the larger one' }),
    ),
);
try {
  const folder = resolve(String(values.folder));
  const [small, large] = [openModel(folder), openModel(resolve(String(values.beside)))];
  const { train } = readCorpus(join(PROJECT, '.training', 'node_modules'));
  const text = cutForBytes(train.join('\n'), small, large.config);
  writeFileSync(join(folder, 'datastore.txt'), text);
  process.stdout.write(`wrote ${join(folder, 'datastore.txt')}: ${small.tokenizer.encode(text).length} tokens\n`);
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`datastore-text: ${error.message}\n`);
  process.exitCode = 2;
}
