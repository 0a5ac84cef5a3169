// tare serve --collect: real browsers, and visitors who mean no good.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findBrowser, PACKAGED_BROWSER } from '../backends/browser/find-browser.ts';
import { probePage } from '../backends/browser/probe.ts';
import { tareHere } from '../fixtures/command-line.ts';
import { readRows } from '../results/csv.ts';
import { rateLimit } from './collection.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const SCRIPT = '<script>alert(1)</script>\u001b[31m';
const status = await probePage('wasm', PACKAGED_BROWSER);

let out: string;
let tare: ChildProcess;
let link: URL;

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'tare-collect-'));
  const args = [MAIN, 'serve', '--collect', '--port', '0', '--out', out];
  const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  tare = started;
  link = new URL(String(await once(started.stdout, 'data')).trim());
});
afterAll(() => {
  tare.kill('SIGINT');
});

/** A visitor's cookie; with the user agent it says it has. */
async function enter(userAgent = 'test'): Promise<string> {
  const response = await fetch(link, { redirect: 'manual', headers: { 'user-agent': userAgent } });
  expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

function post(cookie: string, path: string, body: string): Promise<Response> {
  const headers = { cookie, 'content-type': 'application/json' };
  return fetch(new URL(`/api/${path}`, link), { method: 'POST', headers, body });
}

const ADAPTERS = { browser: `Chrome ${SCRIPT}`, isIsolated: true, cores: 8 };
const START = { preset: 'smoke', suite: ['smoke'], backend: ['chromium-wasm'], adapters: ADAPTERS };

test.each([
  ['no token', '/'],
  ['another token', `/?token=${'0'.repeat(32)}`],
  ['one that is nearly right', '/?token=x'],
  ['a file without a visit', '/page.js'],
])('%s opens nothing', async (_, path) => {
  const response = await fetch(new URL(path, link), { redirect: 'manual' });
  expect(response.status).toBe(403);
  expect(await response.json()).toEqual({ error: 'token: must be that of the link, got another or none' });
});

test('a cookie that is made up opens nothing either, and its body is not read', async () => {
  expect((await post(`tare=${'a'.repeat(32)}`, 'start', JSON.stringify(START))).status).toBe(403);
});

test('what is too large is refused', async () => {
  const response = await post(await enter(), 'start', JSON.stringify({ filler: 'x'.repeat(5 * 2 ** 20) })).catch(
    () => undefined,
  );
  expect(response?.status ?? 413).toBe(413);
});

test.each([
  [
    'a host without a certificate',
    ['--collect', '--host', '0.0.0.0'],
    /^tare: --host: must go with --cert and --key, /,
  ],
  ['a host that asks nobody for a token', ['--host', '127.0.0.1'], /^tare: --host: must go with --collect, /],
  [
    'a certificate that is not there',
    ['--collect', '--host', '::', '--cert', '/no.pem', '--key', '/no.pem'],
    /ENOENT at \/no\.pem\n$/,
  ],
])('%s is refused in one line', async (_, flags, message) => {
  const { status, stderr } = await tareHere(out, ['serve', ...flags]);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
});

test('too many requests of an address are refused until some time has passed', () => {
  let nowMs = 0;
  const takes = rateLimit(() => nowMs);
  const taken = Array.from({ length: 300 }, () => takes('10.0.0.1')).filter(Boolean).length;
  expect([taken, takes('10.0.0.1'), takes('10.0.0.2')]).toEqual([200, false, true]);
  nowMs += 1000;
  expect(takes('10.0.0.1')).toBe(true);
});

test('each visitor has a run of a machine of its own, told apart by what its browser says; names obey no terminal and no page', {
  timeout: 30_000,
}, async () => {
  const [mine, other] = [await enter('Phone <script>alert(1)</script>'), await enter('Laptop')];
  expect((await post(mine, 'start', JSON.stringify(START))).status).toBe(200);
  // Of the one's run the other sees nothing.
  expect(await (await post(other, 'run', '{"tab":"t"}')).json()).toEqual({});
  expect((await post(other, 'next', '{"last":0}')).status).toBe(409);
  const { step } = await (await post(mine, 'next', '{"last":0}')).json();
  const answer = (weighed: object) => post(mine, 'result', JSON.stringify({ number: step.number, weighed }));
  for (const weighed of [
    { status: 'splendid' },
    { status: 'ok', ratio: { speedup: -1 } },
    { status: 'ok', flops: 'many' },
  ])
    expect((await answer(weighed)).status).toBe(400);
  expect((await answer({ status: 'error', reason: SCRIPT })).status).toBe(200);
  await post(mine, 'stop', '{}');
  const [csv, ...others] = readdirSync(out)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => join(out, name));
  expect(others).toEqual([]);
  const [row] = readRows(csv);
  expect(row).toMatchObject({ status: 'error', cpu_model: expect.stringMatching(/^Phone <script>/), cpu_count: 8 });
  expect(readFileSync(csv, 'utf8')).not.toContain('\u001b');
});

test.skipIf(!status.available)(
  'a real browser measures by the link, and its rows lie in the folder',
  { timeout: 60_000 },
  async () => {
    const { path, args, env } = await findBrowser(PACKAGED_BROWSER);
    const browser = await chromium.launch({
      executablePath: path,
      args: [...args, '--no-sandbox'],
      env: { ...process.env, ...env },
    });
    const page = await browser.newPage();
    await page.goto(link.href);
    expect(page.url()).not.toContain('token');
    for (const gpu of ['chromium-webgl2', 'chromium-webgpu']) await page.getByRole('checkbox', { name: gpu }).uncheck();
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText(/^finished · /).waitFor({ timeout: 50_000 });
    await browser.close();
    const files = readdirSync(out).filter((name) => name.endsWith('.csv'));
    const rows = files.flatMap((name) => readRows(join(out, name)));
    const measured = rows.filter((row) => row.status === 'ok' || row.status === 'noisy');
    expect(measured.length).toBeGreaterThan(1);
    expect(new Set(measured.map(({ cpu_model }) => cpu_model))).toEqual(new Set([expect.stringMatching(/Chrome/)]));
  },
);
