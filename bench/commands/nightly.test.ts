import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const few = ['--preset', 'smoke', '--suite', 'smoke', '--technique', 'dense', '--backend', 'ts'];

function tare(env: NodeJS.ProcessEnv, ...args: string[]) {
  return spawnSync(process.execPath, [MAIN, 'nightly', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
    timeout: 50_000,
  });
}

test('a night on the command line measures, keeps, reports and says in a paragraph what it came to', () => {
  const history = join(mkdtempSync(join(tmpdir(), 'tare-nightly-')), 'made', 'here');
  const report = join(history, 'page.html');
  const { status, stdout } = tare({}, ...few, '--budget', '2m', '--history', history, '--report', report);
  expect(status).toBe(0);
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /^Night of \S+ \(\S+ commit \w+\): 1 of 1 case measured in \d+ s, none failed\. /,
  );
  expect(readdirSync(history).filter((name) => /\.(csv|html|jsonl)$/.test(name))).toHaveLength(4);
  expect(readFileSync(report, 'utf8')).toMatch(/^<!doctype html>/i);
});

test('an address that is none is one line that does not repeat it', () => {
  const { status, stderr } = tare({ TARE_WEBHOOK: 'hooks.example/secret' }, ...few);
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: 'tare: TARE_WEBHOOK: must be an http or https address, got another text\n',
  });
});
