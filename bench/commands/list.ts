import { styleText } from 'node:util';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { backends } from '../backends/backend.ts';
import { loadSuites, loadTechniques } from '../cases/registry.ts';
import { kernelsDirs, selectCases, unknownName } from '../cases/select.ts';
import type { BackendStatus } from '../contract/backend.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { definition, textWidth } from '../report/text-table.ts';
import { browserFlags, browserOf } from './browser-flags.ts';
import { selectionFlags, selectionOf } from './selection-flags.ts';

const kinds = ['suites', 'techniques', 'backends', 'cases'] as const;

const flags = {
  ...selectionFlags,
  ...browserFlags,
  json: { type: 'boolean', default: false, describe: 'print JSON' },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { what?: (typeof kinds)[number] }>;

export const listCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'list [what]',
  describe: 'suites, techniques, backends (and why one is unavailable) or cases',
  builder: (yargs) =>
    yargs
      .positional('what', {
        type: 'string',
        coerce: chooseKind,
        describe: `${kinds.join(', ')}: one of them instead of all but cases`,
      })
      .options(flags)
      .example('$0 list', 'what there is')
      .example('$0 list cases --preset nightly --suite sparse', 'the ids a run would have'),
  handler: list,
};

function chooseKind(name: string): (typeof kinds)[number] {
  const kind = kinds.find((candidate) => candidate === name);
  if (kind === undefined) throw unknownName('what', name, kinds);
  return kind;
}

interface Entry {
  readonly id: string;
  readonly [detail: string]: unknown;
}

const listings: { readonly [Kind in (typeof kinds)[number]]: (argv: Flags) => Promise<Entry[]> } = {
  suites: listSuites,
  techniques: listTechniques,
  backends: listBackends,
  cases: listCases,
};

async function list(argv: Flags): Promise<void> {
  const wanted = argv.what === undefined ? kinds.filter((kind) => kind !== 'cases') : [argv.what];
  const listed: Partial<Record<(typeof kinds)[number], Entry[]>> = {};
  for (const kind of wanted) listed[kind] = await listings[kind](argv);
  const text = argv.json
    ? JSON.stringify(listed, undefined, 2)
    : Object.entries(listed).map(formatListing).join('\n\n');
  process.stdout.write(`${text}\n`);
}

async function listSuites(): Promise<Entry[]> {
  const suites = await loadSuites();
  return [...suites].map(([id, { summary, blocks }]) => ({
    id,
    summary,
    presets: [...new Set(blocks.flatMap((block) => block.presets))],
  }));
}

async function listTechniques({ kernels }: Flags): Promise<Entry[]> {
  const techniques = await loadTechniques(kernelsDirs(kernels));
  return [...techniques].map(([id, technique]) => {
    const { op, family, summary, source, axes } = technique;
    return { id, op, family, summary, source, axes, kernels: Object.keys(technique.kernels) };
  });
}

async function listBackends(argv: Flags): Promise<Entry[]> {
  const browser = await browserOf(argv);
  return Promise.all(
    backends.map(async ({ id, summary, device, probe }) => ({
      id,
      summary,
      device,
      ...withoutEnvironment(await probe(browser)),
    })),
  );
}

/** Leaves out what only child processes need. */
function withoutEnvironment(status: BackendStatus) {
  if (!status.available) return status;
  const { env, browser, ...rest } = status;
  return rest;
}

async function listCases(argv: Flags): Promise<Entry[]> {
  const { cases } = await selectCases(selectionOf(argv));
  return cases.map(({ id, suite, technique, params, backend, problem }) => {
    return { id, suite, technique, params, backend, problem };
  });
}

function formatListing([kind, entries]: [string, Entry[]]): string {
  if (kind === 'cases') return entries.map((entry) => entry.id).join('\n');
  const width = Math.max(...entries.map((entry) => entry.id.length));
  const lines = entries.map((entry) =>
    definition(`  ${entry.id}`, [`${entry.summary}`, ...detailsOf(entry)], width + 2, textWidth()),
  );
  return [styleText('bold', kind), ...lines].join('\n');
}

function detailsOf({ axes, available, adapterType, adapter, version, reason, presets }: Entry): string[] {
  const details: string[] = [];
  for (const [axis, values] of Object.entries(axes ?? {})) details.push(`${axis}: ${[values].flat().join(', ')}`);
  if (available === false) details.push(`unavailable: ${visibleSentence(`${reason}`)}`);
  if (adapterType === 'software' || adapterType === 'hardware')
    details.push(`${adapterType} adapter: ${visibleText(`${adapter}`)}`);
  if (version !== undefined) details.push(visibleText(`${version}`));
  if (Array.isArray(presets)) details.push(`presets: ${presets.join(', ')}`);
  return details;
}
