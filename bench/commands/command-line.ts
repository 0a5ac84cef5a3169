// The command line.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import yargs, { type Argv, type CommandModule } from 'yargs';
import { PROJECT } from '../cases/registry.ts';
import { InputError } from '../contract/input-error.ts';
import { scriptLine } from '../contract/typed-lines.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { textWidth } from '../report/text-table.ts';
import { abCommand } from './ab.ts';
import { archiveCommand } from './archive.ts';
import { compareCommand } from './compare.ts';
import { completeNames } from './completion.ts';
import { completionPreamble, surroundings } from './completion-preamble.ts';
import { doctorCommand } from './doctor.ts';
import { eventCommand } from './event.ts';
import { exportCommand } from './export.ts';
import { fleetCommand } from './fleet.ts';
import { helpCommand } from './help.ts';
import { listCommand } from './list.ts';
import { mergeCommand } from './merge.ts';
import { newCommand } from './new.ts';
import { nightlyCommand } from './nightly.ts';
import { queryCommand } from './query.ts';
import { recommendCommand } from './recommend.ts';
import { reportCommand } from './report.ts';
import { rooflineCommand } from './roofline.ts';
import { runCommand } from './run.ts';
import { sensitivityCommand } from './sensitivity.ts';
import { serveCommand } from './serve.ts';
import { setupCommand } from './setup.ts';
import { showCommand } from './show.ts';
import { trackCommand } from './track.ts';
import { nameOf, RefusedLine, usageError } from './usage-errors.ts';

const USAGE_ERROR = 2;
/** Characters of an error that are shown: room for the long paths and ids it may name. */
const MAX_ERROR = 1000;

/** `tare … | head` closes the pipe before everything is written, which is no failure. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

export const commands = [
  runCommand,
  serveCommand,
  listCommand,
  showCommand,
  mergeCommand,
  compareCommand,
  abCommand,
  trackCommand,
  eventCommand,
  nightlyCommand,
  fleetCommand,
  queryCommand,
  reportCommand,
  archiveCommand,
  rooflineCommand,
  sensitivityCommand,
  recommendCommand,
  exportCommand,
  newCommand,
  setupCommand,
  doctorCommand,
  helpCommand,
];
/** How each command is called: its name, then what it takes. */
const usages = [...commands.map(({ command }) => String(command)), 'completion'];

/** `known` are the commands that can be typed. Throws InputError on what is wrong with the line. */
export async function parseAndRun(words: string[], known: readonly object[] = commands): Promise<void> {
  if (words.join(' ') === 'completion') printPreamble();
  const parser = yargs(words)
    // yargs would speak the user's language, and the rest of tare would not.
    .locale('en')
    .scriptName('tare')
    .usage(
      '$0 <command>\n\nWeighs what model compression really buys: speed, memory and accuracy drift, one CSV row a case.',
    );
  for (const command of known) parser.command(command as CommandModule);
  parser
    .completion('completion', 'print a script that completes commands, flags and names in your shell', completeNames)
    .option('debug', { type: 'boolean', default: false, describe: 'show stack traces and what child processes say' })
    .demandCommand(1, `command: must be one of ${usages.map(nameOf).join(', ')}; see tare --help`)
    .strict()
    .version('version', 'show the version', JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')).version)
    .help('help', 'show this help')
    .wrap(textWidth())
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // yargs wraps what its own checks and coercions throw.
      if (error !== undefined && error.name !== 'YError') throw error;
      const said = error?.message ?? message ?? 'usage: see tare --help';
      throw new RefusedLine(said.replace(/\s+/g, ' '), flagsOf(parser));
    });
  try {
    await parser.parseAsync();
  } catch (error) {
    if (!(error instanceof RefusedLine)) throw error;
    throw await usageError(error.message, { words, usages, flags: error.flags });
  }
}

function printPreamble(): void {
  const around = surroundings(process.env);
  process.stdout.write(completionPreamble(around));
  if (around.strays.length === 0 || process.stdout.isTTY) return;
  process.stderr.write(
    `tare: npm's own lines stand before the script; ${scriptLine('-s tare -- completion')} leaves them out\n`,
  );
}

/** Names of the flags that the command takes that was being parsed: yargs knows them, its types don't say so. */
function flagsOf(parser: Argv): string[] {
  if (!('getOptions' in parser) || typeof parser.getOptions !== 'function') return [];
  const options: { key?: object } = parser.getOptions();
  return Object.keys(options.key ?? {});
}

/** `help run` means `run --help`. */
function withoutHelpWord(words: string[]): string[] {
  const [first, command = ''] = words;
  return first === 'help' && usages.map(nameOf).includes(command) ? [command, '--help'] : words;
}

/** Runs one command line; what is wrong with it or goes wrong is said on stderr, and in the exit code. */
export async function runCommandLine(words: readonly string[]): Promise<void> {
  // While a shell asks for completions, half-typed lines are no errors.
  const isCompleting = words.includes('--get-yargs-completions');
  try {
    await parseAndRun(withoutHelpWord([...words]));
  } catch (error) {
    if (!isCompleting) report(error, words.includes('--debug'));
  }
}

function report(error: unknown, isDebug: boolean): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const lines = isDebug ? `${stack}`.split('\n').map(visibleText) : [visibleSentence(message, MAX_ERROR)];
  process.stderr.write(`tare: ${lines.join('\n')}\n`);
  process.exitCode = error instanceof InputError ? USAGE_ERROR : 1;
}
