import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backends } from '../bench/backends/backend.ts';
import { PACKAGED_BROWSER } from '../bench/backends/browser/find-browser.ts';
import { KERNELS_DIR, loadTechniques } from '../bench/cases/registry.ts';
import type { AvailableBackend } from '../bench/contract/backend.ts';
import type { KernelKind } from '../bench/contract/runtimes/runtimes.ts';
import type { ContractOutcome } from './contract.ts';

/** A process of its own for each backend, as in a run: a software GPU's driver must be in place before Node starts. */
async function outcomesOf(
  backendId: string,
  { env, browser }: AvailableBackend,
  execArgv: readonly string[] = [],
): Promise<ContractOutcome[]> {
  const options = { env: { ...process.env, ...env }, execArgv: [...execArgv] };
  const args = [backendId, ...(browser === undefined ? [] : [JSON.stringify(browser)])];
  const child = fork(join(import.meta.dirname, 'contract-child.ts'), args, options);
  const exit = once(child, 'close').then(([code, signal]) => {
    throw new Error(`${backendId}: must answer before it exits, got ${signal ?? code}`);
  });
  const [outcomes] = await Promise.race([once(child, 'message'), exit]);
  return outcomes as ContractOutcome[];
}

const techniques = await loadTechniques([KERNELS_DIR]);
const techniquesWith = (kind: KernelKind) =>
  [...techniques].flatMap(([id, { kernels }]) => (kind in kernels ? [id] : []));

for (const { id, kind, probe, execArgv, onlyWhenNamed } of backends) {
  const status = await probe(PACKAGED_BROWSER);
  describe.concurrent(id, () => {
    if (!status.available) {
      test.skip(`is unavailable here: ${status.reason}`, () => {});
      return;
    }
    test('holds to the contract with every technique, over small problems and past its borders', {
      timeout: 300_000,
    }, async () => {
      const outcomes = await outcomesOf(id, status, execArgv);
      const broken = outcomes.filter(({ failures }) => failures.length > 0);
      expect(broken.map(({ name, failures }) => `${name}: ${failures.join('; ')}`)).toEqual([]);
      const tried = new Set(outcomes.map(({ name }) => name.split(' ')[0]));
      expect([...tried].sort()).toEqual(techniquesWith(kind));
      if (!onlyWhenNamed) expect(outcomes.length).toBeGreaterThan(100);
    });
  });
}
