import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { guideSuite, guideTechnique } from '../cases/guide-technique.ts';
import { KERNELS_DIR, loadSuites, techniqueFiles } from '../cases/registry.ts';
import { unknownName } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { IS_PACKAGE } from '../contract/module-file.ts';
import { isSuitePath } from '../contract/suite.ts';
import { scriptLine, setupLine, tareLine } from '../contract/typed-lines.ts';
import { once } from './selection-flags.ts';

const kinds = ['technique', 'suite'] as const;

const flags = {
  out: {
    type: 'string',
    requiresArg: true,
    default: '.',
    coerce: once('out'),
    describe: 'the folder it is written into, which --kernels or --suite takes',
  },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { what?: string; name?: string };

export const newCommand: CommandModule<object, Flags> = {
  command: 'new <what> <name>',
  describe: 'a technique or a suite of your own to begin with, which runs as it is',
  builder: (yargs) =>
    yargs
      .positional('what', { type: 'string', describe: kinds.join(', ') })
      .positional('name', { type: 'string', describe: 'what it is called: letters, digits, - and _' })
      .options(flags)
      .example('$0 new technique my-thing', './my-thing/, for --kernels .')
      .example('$0 new technique my-thing --out my-kernels', 'my-kernels/my-thing/, for --kernels my-kernels')
      .example('$0 new suite my-shapes', './my-shapes.ts, for --suite ./my-shapes.ts'),
  handler: ({ what = '', name = '', out }) => {
    if (!/^[A-Za-z0-9][\w-]*$/.test(name))
      throw new InputError(`name: must be letters, digits, - and _, got ${name || 'an empty name'}`);
    switch (what) {
      case 'technique':
        return writeTechnique(name, out);
      case 'suite':
        return writeSuite(name, out);
      default:
        throw unknownName('what', what, kinds);
    }
  },
};

function writeTechnique(name: string, out: string): void {
  if (techniqueFiles([KERNELS_DIR]).has(name)) throw taken('technique', name);
  const folder = join(out, name);
  if (existsSync(folder)) throw new InputError(`name: must not be there yet, got ${folder}`);
  const files = guideTechnique(name);
  for (const [file, text] of files) writeNew(join(folder, file), text);
  process.stdout.write(`${folder}: ${[...files.keys()].join(', ')}\n${nextSteps(name, dirname(folder))}`);
}

async function writeSuite(name: string, out: string): Promise<void> {
  if ((await loadSuites()).has(name)) throw taken('suite', name);
  const file = join(out, `${name}.ts`);
  if (existsSync(file)) throw new InputError(`name: must not be there yet, got ${file}`);
  writeNew(file, guideSuite());
  const path = isSuitePath(file) ? file : `./${file}`;
  process.stdout.write(
    `${file}\nIt runs as it is, and docs/suites.md explains it:\n  ${tareLine(`run --preset smoke --suite ${path} --backend ts,wasm`)}\n`,
  );
}

function taken(what: string, name: string): InputError {
  return new InputError(`name: must be one that no ${what} has, got ${name}; tare brings that itself`);
}

function writeNew(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new InputError(
      `--out: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${dirname(path)}`,
    );
  }
}

/** Commands that work from where the user stands. */
function nextSteps(name: string, kernels: string): string {
  return [
    'It stores weights as bfloat16: docs/techniques.md explains it line by line. It runs as it is:',
    `  ${tareLine(`run --preset smoke --kernels ${kernels} --technique ${name} --backend ts,wasm`)}`,
    IS_PACKAGE
      ? `  ${setupLine('wasm')}   # before, for its kernel in WebAssembly`
      : `  ${scriptLine(`-s contract -- ${kernels}`)}   # holds its kernels to the contract`,
    '',
  ].join('\n');
}
