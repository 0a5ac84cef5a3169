// Checkouts that were made before there was side.ts. What is asked of them is frozen with them: where their modules lie and
// what those export is written down here, not taken from today's contract.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Axes, Params } from '../../contract/technique.ts';
import {
  BRIDGE_VERSION,
  type BridgeCase,
  type BridgeKernel,
  type BridgePrepared,
  type CheckoutSide,
} from './bridge.ts';
import { importInstance } from './module-instances.ts';
import { neutralParams, ownParams } from './own-params.ts';

/** Where each module has lain, newest first: until November 2026 most stood in bench/ itself. */
const HOMES = {
  backend: ['backends/backend.ts', 'backend.ts'],
  select: ['cases/select.ts', 'select.ts'],
  problemKey: ['contract/problem-key.ts', 'cases/case.ts', 'case.ts'],
  check: ['measure/check.ts', 'check.ts'],
  instance: ['measure/instance.ts', 'measure/weigh-case.ts', 'weigh-case.ts'],
  checkAgain: ['measure/check-again.ts', 'measure/weigh-case.ts', 'weigh-case.ts'],
} as const;

interface OldKernel {
  run(): void | Promise<void>;
  readOutput(): Float32Array | Promise<Float32Array>;
  dispose(): void;
}

interface OldInstance {
  readonly kernel: OldKernel;
  readonly reference: unknown;
}

interface OldTechnique {
  readonly op: string;
  readonly axes: Axes;
  readonly irregularAccess?: true;
  readonly kernels: Readonly<Record<string, unknown>>;
  skip?(problem: unknown, params: Params): string | undefined;
}

interface OldBackend {
  readonly id: string;
  readonly kind: string;
  readonly device: 'cpu' | 'gpu';
  threads(asked: number): number;
  open(threads: number): Promise<unknown>;
}

/** What the modules of the same names export. */
interface OldModules {
  readonly backend: { readonly backends: readonly OldBackend[] };
  readonly select: {
    selectCases(request: unknown): Promise<{
      readonly cases: readonly Omit<BridgeCase, 'problemKey' | 'neutral' | 'irregularAccess'>[];
      readonly techniques: ReadonlyMap<string, OldTechnique>;
    }>;
  };
  readonly problemKey: { problemKey(problem: unknown): string };
  readonly check: { checkOutput(output: Float32Array, reference: unknown): { readonly failure: string | undefined } };
  readonly instance: {
    prepare(
      technique: OldTechnique,
      params: Params,
      entry: { readonly problem: unknown },
      inputs: unknown,
      place: { readonly kind: string; readonly device: string; readonly runtime: unknown },
    ): Promise<OldInstance>;
  };
  readonly checkAgain: {
    checkAgain(
      instance: OldInstance,
      params: Params,
      entry: { readonly problem: unknown },
      inputs: unknown,
      first: Float32Array,
    ): Promise<string | undefined>;
  };
}

export function isOlderCheckout(project: string): boolean {
  return Object.keys(HOMES).every((name) => homeOf(project, name as keyof OldModules) !== undefined);
}

function homeOf(project: string, name: keyof OldModules): string | undefined {
  return HOMES[name].map((file) => join(project, 'bench', file)).find(existsSync);
}

export function olderSide(project: string, instance: string): CheckoutSide {
  const load = <Name extends keyof OldModules>(name: Name) =>
    importInstance<OldModules[Name]>(homeOf(project, name) ?? '', instance);
  const techniqueOf = async (id: string): Promise<OldTechnique | undefined> => {
    const file = join(project, 'kernels', id, 'technique.ts');
    if (!existsSync(file)) return undefined;
    return (await importInstance<{ default: OldTechnique }>(file, instance)).default;
  };
  const backendOf = async (id: string) => (await load('backend')).backends.find((backend) => backend.id === id);

  return {
    version: BRIDGE_VERSION,
    async cases(choice) {
      const [{ selectCases }, { problemKey }] = [await load('select'), await load('problemKey')];
      const { cases, techniques } = await selectCases({ ...choice, kernels: [] });
      const found: BridgeCase[] = [];
      for (const entry of cases) {
        const technique = techniques.get(entry.technique);
        if (technique?.kernels[(await backendOf(entry.backend))?.kind ?? ''] === undefined) continue;
        const { irregularAccess = false } = technique;
        found.push({
          ...entry,
          problemKey: problemKey(entry.problem),
          neutral: neutralParams(technique),
          irregularAccess,
        });
      }
      return found;
    },
    async paramsFor(entry) {
      const [technique, backend] = [await techniqueOf(entry.technique), await backendOf(entry.backend)];
      if (technique?.kernels[backend?.kind ?? ''] === undefined || technique.op !== entry.problem.op) return undefined;
      const { problemKey } = await load('problemKey');
      return problemKey(entry.problem) === entry.problemKey ? ownParams(entry, technique) : undefined;
    },
    async prepare({ technique: id, params, backend: backendId, problem }: BridgeKernel, inputs, threads) {
      const [technique, backend] = [await techniqueOf(id), await backendOf(backendId)];
      if (technique === undefined || backend === undefined) throw new Error(`${id}:${backendId}: must exist, got none`);
      const skip = technique.skip?.(problem, params);
      if (skip !== undefined) return { skip };
      const { prepare } = await load('instance');
      const { checkAgain } = await load('checkAgain');
      const { checkOutput } = await load('check');
      const runtime = await backend.open(backend.threads(threads));
      const place = { kind: backend.kind, device: backend.device, runtime };
      const prepared = await prepare(technique, params, { problem }, inputs, place);
      const { kernel, reference } = prepared;
      const readOutput = async () => (await kernel.readOutput()).slice();
      return {
        run: () => kernel.run(),
        readOutput,
        check: async () => checkOutput(await readOutput(), reference).failure,
        checkAgain: (first) => checkAgain(prepared, params, { problem }, inputs, first),
        dispose: () => kernel.dispose(),
      } satisfies BridgePrepared;
    },
  };
}
