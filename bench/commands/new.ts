import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { guideTechnique } from '../cases/guide-technique.ts';
import { KERNELS_DIR, PROJECT, techniqueFiles } from '../cases/registry.ts';
import { unknownName } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { once } from './selection-flags.ts';

const kinds = ['technique'] as const;

const flags = {
  out: {
    type: 'string',
    requiresArg: true,
    default: '.',
    coerce: once('out'),
    describe: 'the folder it is written into, which --kernels takes',
  },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { what?: string; name?: string };

export const newCommand: CommandModule<object, Flags> = {
  command: 'new <what> <name>',
  describe: 'a technique of your own to begin with: a folder that runs as it is',
  builder: (yargs) =>
    yargs
      .positional('what', { type: 'string', describe: kinds.join(', ') })
      .positional('name', { type: 'string', describe: 'what it is called: letters, digits, - and _' })
      .options(flags)
      .example('$0 new technique my-thing', './my-thing/, for --kernels .')
      .example('$0 new technique my-thing --out my-kernels', 'my-kernels/my-thing/, for --kernels my-kernels'),
  handler: ({ what = '', name = '', out }) => {
    if (!kinds.some((kind) => kind === what)) throw unknownName('what', what, kinds);
    writeTechnique(name, out);
  },
};

function writeTechnique(name: string, out: string): void {
  if (!/^[A-Za-z0-9][\w-]*$/.test(name))
    throw new InputError(`name: must be letters, digits, - and _, got ${name || 'an empty name'}`);
  if (techniqueFiles([KERNELS_DIR]).has(name))
    throw new InputError(`name: must be one that no technique has, got ${name}; tare brings that itself`);
  const folder = join(out, name);
  if (existsSync(folder)) throw new InputError(`name: must not be there yet, got ${folder}`);
  const files = guideTechnique(name);
  try {
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of files) writeFileSync(join(folder, file), text, { flag: 'wx' });
  } catch (error) {
    throw new InputError(
      `--out: must be a folder tare can write, got ${(error as NodeJS.ErrnoException).code} at ${folder}`,
    );
  }
  process.stdout.write(`${folder}: ${[...files.keys()].join(', ')}\n${nextSteps(name, dirname(folder))}`);
}

/** Commands that work from where the user stands. */
function nextSteps(name: string, kernels: string): string {
  const prefix = process.cwd() === PROJECT ? '' : `--prefix ${PROJECT} `;
  return [
    'It stores weights as bfloat16: docs/techniques.md explains it line by line. It runs as it is:',
    `  npm ${prefix}run -s tare -- run --preset smoke --kernels ${kernels} --technique ${name} --backend ts,wasm`,
    `  npm ${prefix}run -s contract -- ${kernels}   # holds its kernels to the contract`,
    '',
  ].join('\n');
}
