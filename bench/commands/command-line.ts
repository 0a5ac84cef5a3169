// The command line.
import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { InputError } from '../contract/input-error.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { abCommand } from './ab.ts';
import { compareCommand } from './compare.ts';
import { completeNames } from './completion.ts';
import { doctorCommand } from './doctor.ts';
import { listCommand } from './list.ts';
import { mergeCommand } from './merge.ts';
import { rooflineCommand } from './roofline.ts';
import { runCommand } from './run.ts';
import { serveCommand } from './serve.ts';
import { trackCommand } from './track.ts';

const USAGE_ERROR = 2;
/** Characters of an error that are shown: room for the long paths and ids it may name. */
const MAX_ERROR = 1000;

/** A reader that has seen enough (`| head`) is no failure. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

async function main(args: string[]): Promise<void> {
  const parser = yargs(args)
    .scriptName('tare')
    .usage(
      '$0 <command>\n\nWeighs what model compression really buys: speed, memory and accuracy drift, one CSV row a case.',
    )
    .command(runCommand)
    .command(serveCommand)
    .command(listCommand)
    .command(mergeCommand)
    .command(compareCommand)
    .command(abCommand)
    .command(trackCommand)
    .command(rooflineCommand)
    .command(doctorCommand)
    .completion('completion', 'print a script that completes commands, flags and names in your shell', completeNames)
    .option('debug', { type: 'boolean', default: false, describe: 'show stack traces and what child processes say' })
    .demandCommand(
      1,
      'command: must be one of run, list, serve, merge, compare, ab, track, roofline, doctor; see tare --help',
    )
    .strict()
    .recommendCommands()
    .version()
    .help()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // yargs wraps what its own checks and coercions throw.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw new InputError((error?.message ?? message ?? 'usage: see tare --help').replace(/\s+/g, ' '));
    });
  await parser.parseAsync();
}

/** A shell that asks for completions reads stdout; a half-typed line is no error. */
const isCompleting = process.argv.includes('--get-yargs-completions');

try {
  await main(hideBin(process.argv));
} catch (error) {
  if (!isCompleting) report(error);
}

function report(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const lines = process.argv.includes('--debug')
    ? `${stack}`.split('\n').map(visibleText)
    : [visibleSentence(message, MAX_ERROR)];
  process.stderr.write(`tare: ${lines.join('\n')}\n`);
  process.exitCode = error instanceof InputError ? USAGE_ERROR : 1;
}
