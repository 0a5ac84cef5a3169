import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrowser, PACKAGED_BROWSER } from '../../backends/browser/find-browser.ts';
import { probePage } from '../../backends/browser/probe.ts';
import { machine, rowOf, writeRun } from '../../fixtures/run-files.ts';
import type { ResultRow } from '../../results/columns.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'main.ts');
const status = await probePage('wasm', PACKAGED_BROWSER);

/** What a CSV out of a stranger's hands may hold. */
const SCRIPT = '<img src=x onerror="globalThis.wasRun = true"></script><script>globalThis.wasRun = true</script>';

function caseOf(technique: string, backend: string, M: number, figures: ResultRow = {}): ResultRow {
  const id = (name: string) => `s:${name}:${backend}:M=${M},N=2,K=3`;
  const bytes = { dense_bytes: 4096, stored_bytes: 1024, value_bytes: 768, scale_bytes: 256, workspace_bytes: 512 };
  return rowOf(technique, {
    ...bytes,
    case_id: id(technique),
    baseline_case_id: id('dense'),
    suite: 's',
    backend,
    M,
    device: 'cpu',
    drift_budget_db: 20,
    actual_gflops: 4,
    gbytes_per_s: 8,
    roofline_pct: 50,
    ...figures,
  });
}

const run = ['ts', 'wasm'].flatMap((backend) => [
  caseOf('dense', backend, 1, { speedup: 1, stored_bytes: 4096, sqnr_db: 130 }),
  caseOf('int4', backend, 1, { speedup: 1.7, sqnr_db: 21 }),
  caseOf('csr', backend, 1, { speedup: 0.6, sqnr_db: 12, drift_ok: false }),
  caseOf('int8', backend, 64, { status: 'noisy', reason: 'the speed-up lies between 0.5 and 2' }),
  caseOf(SCRIPT, backend, 1, { weights: SCRIPT, caveat: SCRIPT }),
  caseOf('broken', backend, 1, { status: 'error', reason: SCRIPT, p20_ns: undefined, speedup: undefined }),
  caseOf('absent', backend, 1, { status: 'skipped', reason: 'no adapter', p20_ns: undefined, speedup: undefined }),
]);
const model = { op: 'model', phase: 'decode', context: 8, layers: 'all', scale: 1, weights: 'moby' } as const;
const models = [
  caseOf('dense', 'wasm', 2, { ...model, speedup: 1, stored_bytes: 4096 }),
  caseOf('int4', 'wasm', 2, { ...model, speedup: 1.2, ppl_ratio: 1.02, kld_mean: 0.01 }),
];
const limits = {
  peaks: { 128: { f32_gflops: 60, int8_gops: 200 } },
  bandwidth: [{ bytes: 2 ** 14, gbytes_per_s: 50 }],
};
const roofline = { ...limits, cache_bytes: { L1: 2 ** 15, L2: 2 ** 20, L3: 2 ** 25 } };

/** Of the cases the second becomes slower by a third on the tenth night, and the third drifts on the twelfth. */
function night(number: number): ResultRow[] {
  const started_at = `2031-01-${String(number).padStart(2, '0')}T02:00:00.000Z`;
  const dated = { started_at, git_commit: String(number % 10).repeat(40) };
  const noise = 1 + 0.004 * ((number * 7) % 5);
  return [
    caseOf('dense', 'ts', 1, { ...dated, speedup: 1 }),
    caseOf('steady', 'ts', 1, { ...dated, speedup: 1.5 * noise }),
    caseOf('slowed', 'ts', 1, { ...dated, speedup: (number < 10 ? 1.5 : 1) * noise }),
    caseOf('drifted', 'ts', 1, { ...dated, speedup: 1.5 * noise, sqnr_db: number < 12 ? 40 : 38 }),
    caseOf(SCRIPT, 'ts', 1, { ...dated, speedup: noise }),
  ];
}

const folder = mkdtempSync(join(tmpdir(), 'tare-report-'));
const csv = writeRun(folder, 'night-15', [...run, ...models], { manifest: { roofline } });
for (let number = 1; number <= 15; number++) writeRun(join(folder, 'history'), `r${number + 100}`, night(number));
writeFileSync(
  join(folder, 'history', 'events.jsonl'),
  [
    { kind: 'note', at: '2031-01-05', text: `new firmware ${SCRIPT}` },
    { kind: 'accept', at: '2031-01-12', cases: '*drifted*', commit: '2'.repeat(40), text: 'coarser scales' },
  ]
    .map((event) => `${JSON.stringify(event)}\n`)
    .join(''),
);
const file = join(folder, 'report.html');

function tare(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder, timeout: 50_000 });
}

let browser: Browser;
beforeAll(async () => {
  expect(tare('report', csv, 'history', '-o', file)).toMatchObject({ status: 0, stderr: '', stdout: `${file}\n` });
  if (!status.available) return;
  const { path, env } = await findBrowser(PACKAGED_BROWSER);
  const args = ['--no-sandbox', '--disable-gpu'];
  browser = await chromium.launch({ executablePath: path, args, env: { ...process.env, ...env } });
});
afterAll(() => browser?.close());

interface Opened {
  readonly page: Page;
  /** What went wrong in the page. */
  readonly said: string[];
  /** Whatever the page asked for, itself apart. */
  readonly asked: string[];
}

async function open(options: BrowserContextOptions = {}): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const said: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', ({ message }) => said.push(message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`file://${file}`);
  await page.locator('html.ready').waitFor();
  return { page, said, asked: asked.filter((url) => url !== `file://${file}` && !url.startsWith('data:')) };
}

/** The names in the first column, without what stands below them on a narrow screen. */
const techniques = (page: Page, place: string) =>
  page
    .locator(`${place} tbody tr:not(.detail) > th`)
    .evaluateAll((cells) => cells.map((cell) => cell.firstChild?.textContent));

async function faultsOf(page: Page, rules?: string[]): Promise<unknown[]> {
  // The page has axe from a script that `open` put into it, of which no type knows: hence the cast.
  const { violations } = await page.evaluate(
    (runOnly) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run({
        resultTypes: ['violations'],
        ...(runOnly && { runOnly }),
      }),
    rules,
  );
  return violations.map(({ id, nodes }) => [id, nodes[0].html]);
}

describe.skipIf(!status.available)('the page of tare report', () => {
  test('asks for nothing, says nothing on the console, fits a phone, and axe finds nothing in it', async () => {
    const { page, said, asked } = await open();
    for (const place of ['#history-cases', '#run-1-rows']) {
      await page.locator(`${place} .unfold button`).first().click();
      await page.locator(`${place} .detail`).first().waitFor();
    }
    // One table of a chart is as any other, and axe looks at every cell.
    for (const place of ['#run-1-drift', '#history-cases']) await page.locator(`${place} summary`).first().click();
    await page.evaluate(axe.source);
    expect(await faultsOf(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 400, height: 800 });
    // Of all that axe looks at, only this goes by colours and widths.
    expect(await faultsOf(page, ['color-contrast', 'scrollable-region-focusable', 'target-size'])).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
    expect(said).toEqual([]);
    expect(asked).toEqual([]);
    await page.close();
  });

  test('script in names and reasons is shown and never run, and no other script is let in', async () => {
    const { page } = await open();
    await page.locator('#run-1-rows tbody th', { hasText: SCRIPT }).first().waitFor();
    await page.locator('#run-1 .failures').getByText(SCRIPT.slice(0, 20)).first().waitFor();
    await page.getByLabel('only what changed').uncheck();
    await page.locator('#history-cases tbody th', { hasText: SCRIPT }).first().waitFor();
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'globalThis.wasRun = true';
      document.body.append(script);
    });
    const [wasRun, connected] = await page.evaluate(async () => [
      'wasRun' in globalThis,
      await fetch('data:,').then(
        () => true,
        () => false,
      ),
    ]);
    expect([wasRun, connected]).toEqual([false, false]);
    await page.close();
  });

  test('rows are searched, narrowed, sorted and unfolded by keyboard', async () => {
    const { page } = await open();
    const rows = page.locator('#run-1-rows');
    expect((await techniques(page, '#run-1-rows')).length).toBe(run.length + models.length);
    await rows.getByLabel('Search').fill('csr');
    expect(await techniques(page, '#run-1-rows')).toEqual(['csr', 'csr']);
    await rows.getByLabel('Search').fill('');
    await rows.getByLabel('Backend').selectOption('ts');
    await rows.getByRole('button', { name: 'speed-up' }).press('Enter');
    expect((await techniques(page, '#run-1-rows')).slice(0, 4)).toEqual(['int8', SCRIPT, 'int4', 'csr']);
    expect(await rows.getByRole('columnheader', { name: 'speed-up' }).getAttribute('aria-sort')).toBe('descending');
    await rows.getByLabel('Outcome').selectOption('drifted');
    await rows.getByRole('button', { name: 'more of csr' }).press('Enter');
    const detail = await rows.locator('.detail').first().textContent();
    expect(detail).toContain('drift: SQNR must reach 20 dB, got 12.0');
    expect(detail).toContain(
      `git checkout ${'a'.repeat(12)} && npm ci && npm run tare -- run --preset nightly --suite s`,
    );
    await page.close();
  });

  test('a history shows first what changed, by how much of its own noise, and the rest when asked', async () => {
    const { page } = await open();
    expect(await techniques(page, '#history-cases')).toEqual(['slowed', 'drifted']);
    const [first] = await page.locator('#history-cases tbody tr:not(.detail)').all();
    expect(await first.locator('.spark svg').getAttribute('aria-label')).toMatch(
      /^1\.5\dx on 2031-01-01, 1\.0\dx on 2031-01-15; from 1\.5\dx to 1\.0\dx since 2031-01-10$/,
    );
    expect(await first.locator('.spark .tip.worse').count()).toBe(1);
    await first.getByRole('button').click();
    const detail = page.locator('#history-cases .detail').first();
    expect(await detail.textContent()).toMatch(/since 2031-01-10 \(6 runs\), commits 99999999\.\.00000000/);
    expect(await detail.locator('.large .level').count()).toBe(2);
    expect(await detail.locator('table tbody tr').count()).toBe(15);
    expect(await page.locator('.spark').nth(1).locator('.told').count()).toBe(2);
    await page.getByRole('button', { name: 'more of drifted' }).click();
    expect(await page.locator('#history-cases .detail').nth(1).locator('ol li').allTextContents()).toEqual([
      `2031-01-05 note: new firmware ${SCRIPT}`,
      '2031-01-12 accept *drifted* from commit 22222222: coarser scales',
    ]);
    await page.getByLabel('only what changed').uncheck();
    expect((await techniques(page, '#history-cases')).length).toBe(5);
    await page.close();
  });

  test('a page that is printed has every line drawn, light and without its controls', async () => {
    const { page } = await open({ colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print' });
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    expect(await page.locator('.spark:empty').count()).toBe(0);
    expect(await page.locator('.controls').first().isVisible()).toBe(false);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    await page.close();
  });

  test('a chart is written as PNG by the same browser', () => {
    expect(tare('report', csv, '--format', 'png', '--chart', 'memory')).toMatchObject({ status: 0, stderr: '' });
    const png = readFileSync(join(folder, 'memory.png'));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBeGreaterThan(1000);
  });
});

test('the file alone says what is in it: every chart a sentence and a table, the machine, and what failed', () => {
  const page = readFileSync(file, 'utf8');
  const charts = [...page.matchAll(/<section class="chart ([\w-]+)".*?<\/section>/gs)];
  expect(charts.map(([, name]) => name)).toEqual([
    'pareto',
    'models',
    'speed-ups',
    'heat-map',
    'roofline',
    'memory',
    'drift',
  ]);
  for (const [chart] of charts) {
    expect(chart).toMatch(/<p class="sentence">[^<]{20,}<\/p>/);
    expect(chart).toMatch(/<table>.*<td/s);
    expect(chart).toMatch(/<svg role="img" aria-label="[^"]+"/);
  }
  expect(page).toContain(`<dd>2 × ${machine.cpu_model}</dd>`);
  expect(page).toContain('no adapter');
  expect(page).toContain('4 of 16 cases failed or drifted past their budget, 2 were skipped, 2 are noisy.');
  expect(page).not.toContain('<img');
  expect(page.match(/https?:\/\/(?!www\.w3\.org\/(1999\/xlink|2000\/svg))/)).toBeNull();
});
