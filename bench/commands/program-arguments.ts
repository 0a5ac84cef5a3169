import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { InputError } from '../contract/input-error.ts';
import { enterUsersFolder } from './users-folder.ts';

/**
 * The arguments of a program beside `tare`. As there, help goes to stdout, and what is wrong with the line is one line on
 * stderr with exit code 2; neither returns.
 */
export async function programArguments<T>(name: string, usage: string, build: (parser: Argv) => Argv<T>) {
  enterUsersFolder();
  const fail = (message: string): never => {
    process.stderr.write(`${name}: ${message.replace(/\s+/g, ' ')}; see --help\n`);
    process.exit(2);
  };
  const parser = yargs(hideBin(process.argv)).locale('en').scriptName(name).usage(usage).version(false);
  try {
    return await build(parser)
      .strict()
      .wrap(Math.min(100, process.stdout.columns ?? 100))
      .fail((message: string | null, error: Error | undefined) => {
        throw new InputError(inOurWords(error?.message ?? message ?? 'usage'));
      })
      .parseAsync();
  } catch (error) {
    if (error instanceof InputError) return fail(error.message);
    throw error;
  }
}

function inOurWords(message: string): string {
  return message
    .replace(/^Not enough arguments following: (.*)$/, '--$1: must have a value, got none')
    .replace(/^Unknown arguments?: (.*)$/, 'arguments: must be known, got $1');
}
