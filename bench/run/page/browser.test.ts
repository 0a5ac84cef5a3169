import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { backendOf } from '../../backends/backend.ts';
import { openPage } from '../../backends/browser/devtools.ts';
import { chosenBrowser, findBrowser, PACKAGED_BROWSER } from '../../backends/browser/find-browser.ts';
import { probePage } from '../../backends/browser/probe.ts';
import { openWasm } from '../../backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from '../../cases/registry.ts';
import type { CaseResult, Weighed } from '../../contract/case-result.ts';
import { linearLayers, type ModelConfig } from '../../contract/model.ts';
import type { ModelProblem, Problem } from '../../contract/problem.ts';
import { classifyProblem } from '../../inputs/classifiers.ts';
import { SMOLLM2_135M, writeRandomModel } from '../../models/write-random-model.ts';
import type { CaseSubject } from '../case-subject.ts';
import { classifySubject } from '../classify-subject.ts';
import { modelSubject } from '../model-subject.ts';
import { weighSubject } from '../weigh-subject.ts';
import { weighInPage } from './weigh-in-page.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'main.ts');
const FAULTS = join(import.meta.dirname, '..', '..', 'fixtures', 'kernels');
const status = await probePage('wasm', PACKAGED_BROWSER);

let out: string;
/** Where the browser keeps its profile while it runs. */
let temporary: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tare-browser-run-'));
  temporary = join(out, 'tmp');
  mkdirSync(temporary);
});

const environment = () => ({ ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, TMPDIR: temporary });
const smoke = (backend: string, ...techniques: string[]) => {
  const choice = ['--technique', techniques.join(','), '--kernels', FAULTS];
  return [MAIN, 'run', '--preset', 'smoke', '--backend', backend, '--out', out, ...choice];
};
function rows(): Record<string, string>[] {
  const csv = readdirSync(out).find((name) => name.endsWith('.csv'));
  return csv === undefined ? [] : parse(readFileSync(join(out, csv)), { columns: true });
}
const profiles = () => readdirSync(temporary).filter((name) => name.startsWith('tare-browser-'));
interface Process {
  readonly command: string;
  /** The browser's processes share one, even when their parent is gone. */
  readonly session: string;
}

function processes(): Process[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      // Fields after the name in parentheses: state, parent, group, session.
      const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[3] ?? '';
      return [{ command: readFileSync(`/proc/${pid}/cmdline`, 'utf8'), session }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

const sessionsOfBrowsers = () =>
  new Set(processes().flatMap(({ command, session }) => (command.includes(temporary) ? [session] : [])));

test.runIf(process.platform === 'linux' && process.arch === 'x64')('the packaged Chromium runs on any Linux', () => {
  expect(status).toMatchObject({ available: true });
});

/** Each part compressed in its own way, one of them by a method that looks at activations. */
function tinyModel(): ModelProblem {
  const sizes = { vocabularySize: 300, hiddenSize: 64, feedForwardSize: 96, layers: 1, heads: 4, headDim: 16 };
  const config: ModelConfig = { ...SMOLLM2_135M, ...sizes, keyValueHeads: 2, contextLength: 64 };
  const path = join(out, 'tiny');
  writeRandomModel(path, config, 1);
  const moby = join(import.meta.dirname, '..', '..', 'models', 'moby');
  const file = { path, text: join(moby, 'held-out.txt'), calibration: join(moby, 'calibration.txt') };
  const gptq = { technique: 'int4', params: { groupSize: 32, method: 'gptq' } };
  const byPart = { attn: gptq, ffn: { technique: 'q4-0', params: {} }, head: { technique: 'q8-0', params: {} } };
  const layers = Object.fromEntries(linearLayers(config).map(({ name, part }) => [name, byPart[part]]));
  const plan = { model: 'tiny', name: 'mine', layers };
  const call = { phase: 'decode', M: 1, context: 20 } as const;
  return { op: 'model', ...call, weights: 'tiny', layers: 'all+head', scale: 1, seed: 1, config, file, plan };
}

describe.skipIf(!status.available)('in a browser', () => {
  test('cases are weighed as in Node, and one that goes wrong becomes its row', { timeout: 120_000 }, () => {
    const args = [...smoke('chromium-wasm', 'int8', 'throws', 'hangs'), '--timeout', '6', '--debug'];
    const { status: exit, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: environment() });
    expect({ exit, stderr }).toMatchObject({ exit: 1 });
    expect(stderr).toMatch(/^page: error at .*: Error: planted: must not be caught/m);
    const [hangs, int8, throws] = rows().toSorted((a, b) => (a.technique < b.technique ? -1 : 1));
    expect([hangs.status, hangs.reason]).toEqual(['timeout', 'took longer than 6 s']);
    expect([throws.status, throws.reason]).toEqual(['error', expect.stringContaining('planted: must not be caught')]);
    expect(int8.status).toMatch(/ok|noisy/);
    expect(int8.runtime_version).toMatch(/Chrome \d+\.\d+/);
    expect(int8.drift_ok).toBe('true');
    expect(Number(int8.p20_ns)).toBeGreaterThan(0);
    // Isolated pages have a clock of 5 µs, others one of 100.
    expect(Number(int8.timer_resolution_ns)).toBeLessThan(20_000);
    expect(profiles()).toEqual([]);
  });

  /** In Chromium and in Node. */
  async function weighTwice(
    subject: CaseSubject | CaseResult,
    problem: Problem,
  ): Promise<[page: Weighed, node: Weighed]> {
    if ('status' in subject) throw new Error(subject.reason);
    const entry = { id: 'x', suite: 's', technique: 'dense', params: {}, backend: 'x', baselineId: 'y' };
    const request = { case: { ...entry, problem }, budget: { warmupMs: 1, measureMs: 5, rounds: 6 } };
    const [browser, backend] = [await findBrowser(PACKAGED_BROWSER), backendOf('chromium-wasm')];
    if (backend.page === undefined) throw new Error('backend: must run in a page');
    const asked = { ...request, kernelsDirs: [KERNELS_DIR], threads: 1, browser, debug: false };
    const place = { kind: 'wasm', device: 'cpu', runtime: await openWasm(128, 1) } as const;
    return [await weighInPage(asked, backend, subject.forPage), await weighSubject(request, subject, place)];
  }

  test('a whole model computes what float64 does, and is worth what it is in Node', { timeout: 60_000 }, async () => {
    const [problem, dense] = [tinyModel(), await loadTechnique('dense', [KERNELS_DIR])];
    const scoring = { tokens: 320, flops: 1e12 };
    const subject = await modelSubject(
      problem,
      {},
      { technique: dense, dense },
      { scoring, kernelsDirs: [KERNELS_DIR] },
    );
    const [inPage, inNode] = await weighTwice(subject, problem);
    expect(inPage.reason ?? '').not.toContain('must');
    expect(inPage.kernelNmse).toBeLessThan(1e-10);
    expect(inNode.calibrationRows).toBeGreaterThan(0);
    expect(inPage).toMatchObject({ storedBytes: inNode.storedBytes, calibrationRows: inNode.calibrationRows });
    expect(inPage.score?.tokens).toBe(320);
    for (const figure of ['ppl', 'pplRatio', 'kldMean'] as const)
      expect(inPage.score?.[figure]).toBeCloseTo(inNode.score?.[figure] ?? 0, 6);
    expect(inPage.samples?.candidate.rounds.length).toBeGreaterThan(0);
  });

  test('a classifier computes what float64 does, and is right as often as in Node', { timeout: 60_000 }, async () => {
    const [problem, dense] = [classifyProblem('mnist-mlp', 8), await loadTechnique('dense', [KERNELS_DIR])];
    const subject = classifySubject(problem, {}, { technique: dense, dense }, { tokens: 0, flops: 0 });
    const [inPage, inNode] = await weighTwice(subject, problem);
    expect(inPage.reason ?? '').not.toContain('must');
    expect(inPage.kernelNmse).toBeLessThan(1e-10);
    expect(inPage.accuracy).toEqual(inNode.accuracy);
    expect(inPage.accuracy?.accuracyPct).toBeGreaterThan(98);
  });

  test.each(['SIGINT', 'SIGKILL'] as const)('%s of tare leaves no browser and no profile behind', async (signal) => {
    const child = spawn(process.execPath, smoke('chromium-wasm', 'hangs'), { stdio: 'ignore', env: environment() });
    const found = new Set<string>();
    const hasPage = () =>
      processes().some(({ command, session }) => found.has(session) && command.includes('--type=renderer'));
    while (!hasPage()) {
      for (const session of sessionsOfBrowsers()) found.add(session);
      await setTimeout(50);
    }
    child.kill(signal);
    const left = () => processes().filter(({ session }) => found.has(session));
    await expect.poll(left, { timeout: 20_000 }).toEqual([]);
    await expect.poll(profiles, { timeout: 10_000 }).toEqual([]);
  });

  test("a page whose process ends says so, and closing it ends the browser's", async () => {
    const page = openPage(await findBrowser(PACKAGED_BROWSER), 'chrome://crash');
    await expect(page).rejects.toThrow(/the page's process ended/);
  });
});

describe('a browser that cannot be used', () => {
  const run = (...args: string[]) => {
    const all = [...smoke('chromium-wasm', 'dense'), ...args];
    return spawnSync(process.execPath, all, { encoding: 'utf8', env: environment() });
  };
  test.each([
    [
      'is not there',
      ['--browser', '/nonexistent'],
      /^tare: --browser: must be a program that runs, got ENOENT at \/nonexistent\n$/,
    ],
    [
      'is another program',
      ['--browser', '/bin/ls'],
      /^tare: --browser: must be a Chrome, Chromium or Edge, got \/bin\/ls, .*\n$/,
    ],
    ['has no window to show', ['--headed'], /^tare: --headed: must go with --browser, .*\n$/],
  ])('because it %s is a usage error', (_, args, message) => {
    const { status: exit, stderr } = run(...args);
    expect(stderr).toMatch(message);
    expect(exit).toBe(2);
  });

  test.runIf(process.platform === 'linux')('has no display to show its window on', async () => {
    vi.stubEnv('DISPLAY', '');
    vi.stubEnv('WAYLAND_DISPLAY', '');
    await expect(chosenBrowser({ path: '/bin/ls', headed: true })).rejects.toThrow(/^--headed: must have a display/);
    vi.unstubAllEnvs();
  });
});
