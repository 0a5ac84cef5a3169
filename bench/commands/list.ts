import { styleText } from 'node:util';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { argumentsOf } from '../api/run-choices.ts';
import { backends } from '../backends/backend.ts';
import { loadOwnSuites, loadSuites, loadTechniques } from '../cases/registry.ts';
import { kernelsDirs, selectCases, unknownName } from '../cases/select.ts';
import type { BackendStatus } from '../contract/backend.ts';
import { isSuitePath, mustBeNamed, presetNames } from '../contract/suite.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { techniqueTable } from '../report/technique-table.ts';
import { definition, textWidth } from '../report/text-table.ts';
import { bitsPerWeight } from './bits-per-weight.ts';
import { browserFlags, browserOf } from './browser-flags.ts';
import { modelChoiceOf, modelFlags } from './model-flags.ts';
import { selectionFlags, selectionOf } from './selection-flags.ts';

const kinds = ['suites', 'techniques', 'backends', 'cases'] as const;

const flags = {
  ...selectionFlags,
  ...modelFlags,
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
        describe: `${kinds.join(', ')}: which of them; all but cases where not said`,
      })
      .options(flags)
      .example('$0 list', 'what there is')
      .example('$0 list techniques', 'their axes and choices, bits a weight and kernels')
      .example('$0 list cases --preset nightly --suite sparse', 'the ids a run would have'),
  handler: list,
};

function chooseKind(name: string): (typeof kinds)[number] {
  const kind = kinds.find((candidate) => candidate === name);
  if (kind === undefined) throw unknownName('what', name, kinds);
  return kind;
}

interface Listing {
  readonly entries: readonly object[];
  readonly lines: readonly string[];
}

const listings: { readonly [Kind in (typeof kinds)[number]]: (argv: Flags) => Promise<Listing> } = {
  suites: listSuites,
  techniques: listTechniques,
  backends: listBackends,
  cases: listCases,
};

async function list(argv: Flags): Promise<void> {
  const wanted = argv.what === undefined ? kinds.filter((kind) => kind !== 'cases') : [argv.what];
  const listed: [string, Listing][] = [];
  for (const kind of wanted) listed.push([kind, await listings[kind](argv)]);
  const text = argv.json
    ? JSON.stringify(Object.fromEntries(listed.map(([kind, { entries }]) => [kind, entries])), undefined, 2)
    : listed.map(formatListing).join('\n\n');
  process.stdout.write(`${text}\n`);
}

function formatListing([kind, { lines }]: [string, Listing]): string {
  return (kind === 'cases' ? lines : [styleText('bold', kind), ...lines]).join('\n');
}

async function listSuites({ suite: asked }: Flags): Promise<Listing> {
  const { suite: paths } = argumentsOf({ suite: asked.filter(isSuitePath) });
  const entries = [...(await loadSuites()), ...(await loadOwnSuites(paths))].map(([id, suite]) => {
    const presets = presetNames.filter((preset) => suite.blocks.some((block) => block.presets.includes(preset)));
    const onlyWhenNamed = presets.filter((preset) => mustBeNamed(suite, preset));
    return { id, summary: suite.summary, presets, only_when_named: onlyWhenNamed };
  });
  const presetsOf = ({ presets, only_when_named: named }: (typeof entries)[number]) =>
    named.length === presets.length
      ? `presets: ${presets.join(', ')}; only when named`
      : `presets: ${presets.map((preset) => (named.includes(preset) ? `${preset} (only when named)` : preset)).join(', ')}`;
  return { entries, lines: definitions(entries, (entry) => [presetsOf(entry)]) };
}

async function listTechniques({ kernels }: Flags): Promise<Listing> {
  const techniques = await loadTechniques(kernelsDirs(kernels));
  const kinds = [...new Set(backends.map(({ kind }) => kind))];
  const entries = [...techniques].map(([id, technique]) => {
    const { op, family, summary, source, axes, choices = {} } = technique;
    return {
      id,
      op,
      family,
      summary,
      source,
      axes,
      choices,
      bits_per_weight: bitsPerWeight(technique),
      kernels: kinds.filter((kind) => technique.kernels[kind] !== undefined),
    };
  });
  return { entries, lines: techniqueTable(entries, textWidth()) };
}

async function listBackends(argv: Flags): Promise<Listing> {
  const browser = await browserOf(argv);
  const probed = await Promise.all(
    backends.map(async ({ id, summary, device, probe }) => ({ id, summary, device, status: await probe(browser) })),
  );
  return {
    entries: probed.map(({ status, ...backend }) => ({ ...backend, ...withoutEnvironment(status) })),
    lines: definitions(probed, ({ status }) => detailsOf(status)),
  };
}

/** Leaves out what only child processes need. */
function withoutEnvironment(status: BackendStatus) {
  if (!status.available) return status;
  const { env, browser, ...rest } = status;
  return rest;
}

function detailsOf(status: BackendStatus): string[] {
  if (!status.available) return [`unavailable: ${visibleSentence(status.reason)}`];
  const { adapterType, adapter, version } = status;
  const isGpu = adapterType === 'software' || adapterType === 'hardware';
  return [
    isGpu ? `${adapterType} adapter: ${visibleText(`${adapter}`)}` : [],
    version === undefined ? [] : visibleText(version),
  ].flat();
}

async function listCases(argv: Flags): Promise<Listing> {
  const { cases } = await selectCases(argumentsOf({ ...selectionOf(argv), ...modelChoiceOf(argv) }));
  const entries = cases.map(({ id, suite, technique, params, backend, problem }) => {
    return { id, suite, technique, params, backend, problem };
  });
  return { entries, lines: cases.map(({ id }) => id) };
}

/** Each name with its summary and more beside it. */
function definitions<Entry extends { readonly id: string; readonly summary: string }>(
  entries: readonly Entry[],
  detailsOf: (entry: Entry) => string[],
): string[] {
  const width = Math.max(...entries.map(({ id }) => id.length));
  return entries.map((entry) =>
    definition(`  ${entry.id}`, [entry.summary, ...detailsOf(entry)], width + 2, textWidth()),
  );
}
