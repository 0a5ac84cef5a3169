import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, PACKAGED_BROWSER } from '../backends/browser/find-browser.ts';
import { probePage } from '../backends/browser/probe.ts';
import { columns } from '../results/columns.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const status = await probePage('wasm', PACKAGED_BROWSER);

interface Served {
  readonly out: string;
  readonly tare: ChildProcess;
  readonly url: string;
}

async function serve(): Promise<Served> {
  const out = mkdtempSync(join(tmpdir(), 'tare-serve-'));
  const tare = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--out', out], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { out, tare, url: String(await once(tare.stdout, 'data')).trim() };
}

let served: Served;
let browser: Browser;

beforeAll(async () => {
  if (!status.available) return;
  served = await serve();
  const { path, args, env } = await findBrowser(PACKAGED_BROWSER);
  browser = await chromium.launch({
    executablePath: path,
    args: [...args, '--no-sandbox'],
    env: { ...process.env, ...env },
  });
});
afterAll(async () => {
  await browser?.close();
  served?.tare.kill('SIGINT');
});

async function openPage({ url } = served): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  await page.getByRole('checkbox', { name: 'chromium-wasm' }).waitFor();
  return page;
}

/** Only what is quick. */
async function openPageForWasm(from = served): Promise<Page> {
  const page = await openPage(from);
  for (const gpu of ['chromium-webgl2', 'chromium-webgpu']) await page.getByRole('checkbox', { name: gpu }).uncheck();
  return page;
}

/** The table alone doesn't tell: it shows the last run until this one has a row. */
async function startAndSeeRow(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByText(/^case [2-9]\d* of/).waitFor();
}

const post = (path: string, body: string) =>
  fetch(`${served.url}api/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });

const newestRun = ({ out } = served) =>
  readdirSync(out)
    .filter((name) => name.endsWith('.run.json'))
    .sort()
    .at(-1) ?? '';
const manifest = (from = served) => JSON.parse(readFileSync(join(from.out, newestRun(from)), 'utf8'));

describe.skipIf(!status.available)('the page of tare serve', () => {
  // A page that is gone is waited for, meanwhile the other test measures.
  test.concurrent('runs the smoke preset on every backend and hands out the CSV that lies in the results folder', {
    timeout: 120_000,
  }, async () => {
    const page = await openPage();
    expect(await page.getByText('software adapter').count()).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByText(/^finished · \d+ of \d+ cases measured/).waitFor({ timeout: 100_000 });
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download CSV' }).click();
    const csv = readFileSync(await (await downloading).path(), 'utf8');
    expect(csv.split(/\r?\n/)[0]).toBe(columns.map(({ name }) => name).join(','));
    const rows = parse<Record<string, string>>(csv, { columns: true });
    expect(rows.map((row) => row.case_id).toSorted()).toEqual(manifest().case_ids.toSorted());
    for (const row of rows) {
      expect([row.case_id, row.status, row.reason]).toEqual([
        row.case_id,
        expect.stringMatching(/^(ok|noisy)$/),
        row.reason,
      ]);
      expect(row).toMatchObject({
        drift_ok: 'true',
        runtime_version: expect.stringMatching(/Chrome \d/),
      });
    }
    expect(readFileSync(join(served.out, newestRun().replace('.run.json', '.csv')), 'utf8')).toBe(csv);
    expect(manifest().state).toBe('finished');
    await page.locator('figure svg').first().waitFor();
    expect(await page.locator('tbody td.bad').count()).toBe(0);
    expect(new Set(rows.map((row) => row.backend)).size).toBe(3);
    await page.close();
  });

  test.concurrent('closed in the middle leaves an interrupted run with its rows', { timeout: 60_000 }, async () => {
    const own = await serve();
    const page = await openPageForWasm(own);
    await startAndSeeRow(page);
    await page.close({ runBeforeUnload: true });
    await expect.poll(() => manifest(own).state, { timeout: 30_000 }).toBe('interrupted');
    own.tare.kill('SIGINT');
    const rows = parse(readFileSync(join(own.out, newestRun(own).replace('.run.json', '.csv'))));
    expect(rows.length).toBeGreaterThan(1);
    const args = [MAIN, 'run', '--resume', newestRun(own).replace('.run.json', ''), '--out', own.out];
    const { status: exit, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toMatch(
      /^tare: --resume: must name a run of tare run, got .* of tare serve, whose browser is gone\n$/,
    );
    expect(exit).toBe(2);
  });

  test('stops when asked to and keeps what it has', { timeout: 60_000 }, async () => {
    const page = await openPageForWasm();
    await startAndSeeRow(page);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText(/^stopped · \d+ of \d+ cases measured/).waitFor({ timeout: 20_000 });
    expect(manifest().state).toBe('interrupted');
    expect(await page.getByRole('button', { name: 'Start' }).isEnabled()).toBe(true);
    await page.close();
  });

  test('goes on after a reload, and keeps what was scrolled to and focused', { timeout: 60_000 }, async () => {
    const page = await openPageForWasm();
    await startAndSeeRow(page);
    const table = page.locator('.scroll').first();
    await table.focus();
    const focused = await table.elementHandle();
    const rowsShown = () => page.locator('tbody tr').count();
    await expect.poll(rowsShown, { timeout: 20_000 }).toBeGreaterThan(1);
    expect(await focused?.evaluate((node) => node === node.ownerDocument.activeElement)).toBe(true);
    await page.reload();
    const watcher = await openPage();
    await watcher.getByText('Another tab measures').waitFor();
    await watcher.close();
    await page.getByText(/^finished · \d+ of \d+ cases measured/).waitFor({ timeout: 40_000 });
    expect(await page.getByRole('checkbox', { name: 'chromium-webgpu' }).isChecked()).toBe(false);
    const { state, case_ids } = manifest();
    expect(state).toBe('finished');
    expect(await rowsShown()).toBe(case_ids.length);
    await page.reload();
    await page.getByText(/^finished · /).waitFor();
    await page.close();
  });

  test('says in plain words that a backend must be chosen', async () => {
    const page = await openPageForWasm();
    await page.getByRole('checkbox', { name: 'chromium-wasm' }).uncheck();
    await page.getByRole('button', { name: 'Start' }).click();
    expect(await page.getByRole('alert').textContent()).toBe('Choose at least one backend to run on.');
    expect(await page.getByRole('button', { name: 'Start' }).isVisible()).toBe(true);
    await page.close();
  });

  test('shows speeds and plots on a phone without scrolling sideways', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
    await page.goto(served.url);
    await page.getByText(/^finished · /).waitFor();
    const right = await page
      .locator('td:last-child, figure svg')
      .evaluateAll((elements) => Math.max(...elements.map((element) => element.getBoundingClientRect().right)));
    expect(right).toBeLessThanOrEqual(390);
    await page.close();
  });

  test.each([
    [
      'no backend',
      'start',
      '{"preset":"smoke","suite":[],"backend":[],"adapters":{}}',
      /^backend: must name at least one$/,
    ],
    ['a start without adapters', 'start', '{"preset":"smoke","suite":[],"backend":["chromium-wasm"]}', /^adapters: /],
    ['an unknown preset', 'start', '{"preset":"fast"}', /^preset: /],
    ['a result that is none', 'result', '{"number":1,"weighed":{"status":"splendid"}}', /^weighed\.status: /],
    ['what is no JSON', 'start', '{', /^body: must be JSON/],
  ])('refuses %s in one line', async (_, path, body, message) => {
    const response = await post(path, body);
    expect(response.status).toBe(400);
    const { error } = await response.json();
    expect(error).toMatch(message);
    expect(error).not.toContain('\n');
  });

  test('needs a free port', () => {
    const args = [MAIN, 'serve', '--port', new URL(served.url).port, '--out', served.out];
    const { status: exit, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    expect(stderr).toMatch(/^tare: --port: must be free, got EADDRINUSE at \d+; --port 0 takes any free one\n$/);
    expect(exit).toBe(2);
  });
});
