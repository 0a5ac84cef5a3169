import { expect, test } from 'vitest';
import { usageError } from './usage-errors.ts';

const usages = ['run', 'list [what]', 'compare <base> <head>', 'completion'];
const flags = ['preset', 'suite', 'backend', 'shard', 'shard-costs', 'headed', 'help'];

test.each([
  [
    'a flag with a letter too many',
    ['run', '--presett', 'smoke'],
    'Unknown argument: presett',
    '--presett: must be a flag of tare run; did you mean --preset?',
  ],
  [
    'a flag that yargs names twice',
    ['run', '--shard-costss=x'],
    'Unknown arguments: shard-costss, shardCostss',
    '--shard-costss: must be a flag of tare run; did you mean --shard-costs?',
  ],
  [
    'a flag that resembles none',
    ['run', '--port', '3'],
    'Unknown argument: port',
    '--port: must be a flag of tare run; see tare run --help',
  ],
  ['a short flag', ['run', '-p', 'x'], 'Unknown argument: p', '-p: must be a flag of tare run; see tare run --help'],
  ['a flag of no command', ['--hlep'], 'Unknown argument: hlep', '--hlep: must be a flag of tare; see tare --help'],
  [
    'a preset without its flag',
    ['run', 'smoke'],
    'Unknown argument: smoke',
    'smoke: must be something that tare run takes; did you mean --preset smoke?',
  ],
  [
    'a backend without its flag',
    ['run', 'wasm-mt'],
    'Unknown argument: wasm-mt',
    'wasm-mt: must be something that tare run takes; did you mean --backend wasm-mt?',
  ],
  [
    'a word too many',
    ['compare', 'a', 'b', 'c'],
    'Unknown argument: c',
    'c: must be something that tare compare takes; see tare compare --help',
  ],
  [
    'a mistyped command',
    ['rum'],
    'Unknown argument: rum',
    "command: must be one of tare's, got rum; did you mean tare run?",
  ],
  [
    'a command that resembles none',
    ['frobnicate'],
    'Unknown argument: frobnicate',
    "command: must be one of tare's, got frobnicate; see tare --help",
  ],
  [
    'a flag without its value',
    ['run', '--preset'],
    'Not enough arguments following: preset',
    '--preset: must have a value, got none',
  ],
  [
    'a file too few',
    ['compare', 'a.csv'],
    'Not enough non-option arguments: got 1, need at least 2',
    'compare: must read tare compare <base> <head>, got 1 of 2',
  ],
])('%s', async (_, words, message, said) => {
  expect((await usageError(message, { words, usages, flags })).message).toBe(said);
});
