// How long a large history takes to open: writes one of 500 nights and 500 cases, a tenth of which changed, has `tare report`
// make a page of it and opens that in Chromium.
//
//     node bench/report/html/opening-time.fixture.ts [nights] [cases]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findBrowser, PACKAGED_BROWSER } from '../../backends/browser/find-browser.ts';
import { rowOf, writeRun } from '../../fixtures/run-files.ts';
import type { ResultRow } from '../../results/columns.ts';
import { seededRandom } from '../../statistics/random.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'main.ts');
const OPENED = 5;

const [nights = 500, cases = 500] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'tare-opening-'));
const random = seededRandom(1);

function writeNight(number: number): void {
  const started_at = new Date(Date.UTC(2024, 0, 1 + number, 2)).toISOString();
  const git_commit = number.toString(16).padStart(40, '0');
  const rows = Array.from({ length: cases }, (_, i) => caseOf(i, number, { started_at, git_commit }));
  writeRun(folder, `${started_at.slice(0, 10)}T02-00-00-0001`, rows);
}

/** Each tenth case changes once by 5 to 30 %, at a night of its own; noise is from 0.5 to 5 %. */
function caseOf(i: number, night: number, dated: ResultRow): ResultRow {
  const [noise, step] = [0.005 * (1 + (i % 10)), 0.05 * (1 + (i % 6))];
  const isChanged = i % 10 === 0 && night >= (i * 37) % nights;
  const speedup = (1 + (i % 7) / 3) * Math.exp(noise * random.gaussian() - (isChanged ? step : 0));
  const [technique, backend] = [`technique-${i % 50}`, ['ts', 'wasm', 'wasm-mt', 'gpujs-cpu'][i % 4]];
  const case_id = `suite:${technique}:${backend}:M=${1 + Math.floor(i / 50)},N=512,K=1536`;
  return rowOf(technique, {
    ...dated,
    case_id,
    backend,
    M: 1 + Math.floor(i / 50),
    N: 512,
    K: 1536,
    speedup,
    p20_ns: 1e5 / speedup,
  });
}

try {
  for (let number = 0; number < nights; number++) writeNight(number);
  const page = join(folder, 'report.html');
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'report', folder, '-o', page], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const written = (performance.now() - begin) / 1000;
  console.log(
    `${nights} nights of ${cases} cases: written in ${written.toFixed(1)} s, ${(statSync(page).size / 2 ** 20).toFixed(1)} MiB`,
  );
  await open(page);
} finally {
  rmSync(folder, { recursive: true });
}

async function open(file: string): Promise<void> {
  const { path, env } = await findBrowser(PACKAGED_BROWSER);
  const args = ['--no-sandbox', '--disable-gpu'];
  const browser = await chromium.launch({ executablePath: path, args, env: { ...process.env, ...env } });
  for (let i = 0; i < OPENED; i++) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`file://${file}`);
    await page.locator('.spark svg').first().waitFor();
    const drawn = await page.evaluate(
      () => new Promise<number>((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))),
    );
    const shown = await page.getByRole('status').textContent();
    console.log(`opened, first lines drawn after ${(drawn / 1000).toFixed(2)} s; ${shown}`);
    await page.close();
  }
  await browser.close();
}
