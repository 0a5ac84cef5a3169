// What yargs finds wrong with a command line, said as tare says it: what was typed, the rule it breaks, and the mend.
import { distance } from 'fastest-levenshtein';
import { InputError } from '../contract/input-error.ts';
import { namesFor } from './completion.ts';

export interface TypedLine {
  /** The words behind `tare`. */
  readonly words: readonly string[];
  /** How each command is called: `compare <base> <head>`. */
  readonly usages: readonly string[];
  /** Names of the flags that the typed command takes. */
  readonly flags: readonly string[];
}

/** Thrown on a line that yargs refuses, whose mend may have to be looked up. */
export class RefusedLine extends Error {
  readonly flags: readonly string[];

  constructor(message: string, flags: readonly string[]) {
    super(message);
    this.flags = flags;
  }
}

/** `message` is yargs's own, in English. */
export async function usageError(message: string, line: TypedLine): Promise<InputError> {
  const unknown = /^Unknown (?:argument|command)s?: (.*)$/.exec(message)?.[1];
  if (unknown !== undefined) return unknownWord(unknown.split(', '), line);
  const valueless = /^Not enough arguments following: (.*)$/.exec(message)?.[1];
  if (valueless !== undefined) return new InputError(`--${valueless}: must have a value, got none`);
  const count = /^Not enough non-option arguments: got (\d+), need at least (\d+)$/.exec(message);
  if (count === null) return new InputError(message);
  const usage = usageOf(line);
  return new InputError(`${nameOf(usage)}: must read tare ${usage}, got ${count[1]} of ${count[2]}`);
}

/** yargs names a flag without its dashes, and a second time in camel case. */
async function unknownWord(unknown: readonly string[], line: TypedLine): Promise<InputError> {
  const { words, usages } = line;
  const command = nameOf(usageOf(line));
  const flag = words.find((word) => unknown.some((name) => word === `--${name}` || word.startsWith(`--${name}=`)));
  if (flag !== undefined) return unknownFlag(flag.split('=')[0], line);
  const short = words.find((word) => /^-[^-]/.test(word) && unknown.includes(word[1]));
  if (short !== undefined) return unknownFlag(short, line);
  const word = unknown[0];
  if (command === '') {
    const hint = mend(word, usages.map(nameOf), 'tare ') ?? '; see tare --help';
    return new InputError(`command: must be one of tare's, got ${word}${hint}`);
  }
  const flagged = await flagThatTakes(word, line);
  const hint = flagged === undefined ? `see tare ${command} --help` : `did you mean ${flagged} ${word}?`;
  return new InputError(`${word}: must be something that tare ${command} takes; ${hint}`);
}

function unknownFlag(flag: string, line: TypedLine): InputError {
  const command = ['tare', nameOf(usageOf(line))].join(' ').trim();
  const flags = line.flags.map((name) => `--${name}`);
  return new InputError(`${flag}: must be a flag of ${command}${mend(flag, flags, '') ?? `; see ${command} --help`}`);
}

/** How the typed command is called; empty where none is named. */
function usageOf({ words, usages }: TypedLine): string {
  const names = usages.map(nameOf);
  return usages[names.indexOf(words.find((word) => names.includes(word)) ?? '')] ?? '';
}

export function nameOf(usage: string): string {
  return usage.split(' ')[0];
}

/** A name stands for a flag's value where that flag knows it. */
async function flagThatTakes(word: string, { flags }: TypedLine): Promise<string | undefined> {
  for (const flag of flags.map((name) => `--${name}`)) {
    if ((await namesFor(flag))?.includes(word)) return flag;
  }
  return undefined;
}

/** Of a name's letters, how many may differ before another name is no suggestion any more. */
const MOST_DIFFERENT = 1 / 3;

function mend(typed: string, known: readonly string[], before: string): string | undefined {
  const [best] = known.toSorted((a, b) => distance(typed, a) - distance(typed, b));
  const most = Math.max(1, typed.replace(/^-+/, '').length * MOST_DIFFERENT);
  return best !== undefined && distance(typed, best) <= most ? `; did you mean ${before}${best}?` : undefined;
}
