import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { commands } from './command-line.ts';
import { nameOf } from './usage-errors.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

describe('a wrong command line is one line that says what was typed and how to mend it', () => {
  test.each<[string, string | RegExp]>([
    ['run --threads abc', '--threads: must be a count, got abc'],
    ['run --timeout 0', '--timeout: must be above 0 s and at most 2000000, got 0'],
    ['run --m 1,x', '--m: must be a count, got x'],
    ['run --shape 1,2', '--shape: must read M,N,K, got 1,2'],
    ['run --axis groupSize', '--axis: must read name=value[,value…], got groupSize'],
    ['run --axis groupSize=32,', '--axis: must read name=value[,value…], got groupSize=32,'],
    ['list cases --axis sparsty=0.5', /^--axis: must be one of tare's, got sparsty; nearest: sparsity, /],
    ['list cases --axis groupSize=65', '--axis groupSize: must be one of 32, 64, 128, got 65'],
    [
      'list cases --technique csr --axis method=gptq',
      "--preset quick: must leave some cases, got none of --technique csr --axis method=gptq; `tare list techniques` shows each technique's axes and choices",
    ],
    ['run --processes many', '--processes: must be a count up to 1000, got many'],
    ['run --history results', '--history: must go with --budget, whose time it helps to spend'],
    ['run --budget 1m --history README.md', '--history: must be a folder, got a file, README.md'],
    ['compare a.csv b.csv --history nowhere', '--history: must be a folder, got none at nowhere'],
    ['serve --port 80a', '--port: must be from 0 to 65535, got 80a'],
    ['run --presett smoke', '--presett: must be a flag of tare run; did you mean --preset?'],
    ['run smoke', 'smoke: must be something that tare run takes; did you mean --preset smoke?'],
    ['list suits', "what: must be one of tare's, got suits; nearest: suites, cases, backends"],
    ['compare a.csv', 'compare: must read tare compare <base> <head>, got 1 of 2'],
    [
      'roofline results/baseline.csv',
      'results/baseline.csv: must have baseline.run.json beside it, which holds the roofline, got none',
    ],
  ])('tare %s', async (line, message) => {
    const { status, stdout, stderr } = await tareHere(PROJECT, line.split(' '));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    if (typeof message === 'string') expect(stderr).toBe(`tare: ${message}\n`);
    else expect(stderr.replace(/^tare: /, '')).toMatch(message);
  });
});

test('a wrong line is answered in English elsewhere too', async () => {
  const ended = await tareHere(PROJECT, ['run', '--threads', 'abc'], { LC_ALL: 'de_DE.UTF-8' });
  expect(ended).toEqual({ status: 2, stdout: '', stderr: 'tare: --threads: must be a count, got abc\n' });
});

test.each([40, 200])('help and lists fit %d columns', async (width) => {
  for (const line of ['run --help', 'list']) {
    const { stdout } = await tareHere(PROJECT, line.split(' '), { COLUMNS: String(width) });
    expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(width);
  }
});

test.each(commands.map(({ command }) => nameOf(String(command))))(
  'the help of %s tells no default that is none',
  async (name) => {
    const { status, stdout } = await tareHere('.', [name, '--help']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.not.stringMatching(/default: (\[\]|""|undefined)/),
    });
  },
);

test('an axis is narrowed in every technique that has it, numbers however they are written', async () => {
  const words = ['list', 'cases', '--suite', 'sparse', '--backend', 'ts', '--axis', 'sparsity=.90,0.3'];
  const { stdout } = await tareHere(PROJECT, [...words, '--axis', 'method=magnitude', '--axis', 'groupSize=64']);
  const settings = stdout
    .trimEnd()
    .split('\n')
    .map((id) => id.split(':')[1] + (/,sparsity=.*$/.exec(id)?.[0] ?? ''));
  expect(new Set(settings)).toEqual(new Set(['csr,sparsity=0.3', 'csr,sparsity=0.9', 'sparse-2-4']));
});
