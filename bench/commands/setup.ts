import { createInterface } from 'node:readline/promises';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { PROJECT } from '../cases/registry.ts';
import { chooseNames } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { IS_PACKAGE } from '../contract/module-file.ts';
import { type OptionalPart, optionalPartNames, optionalParts } from '../contract/optional-parts.ts';
import { setupLine } from '../contract/typed-lines.ts';
import { definition, textWidth, wrapText } from '../report/text-table.ts';
import {
  examinePackage,
  installPackages,
  isThere,
  type OptionalPackage,
  projectOf,
  whatNpmAdds,
} from './optional-packages.ts';

const flags = {
  yes: { type: 'boolean', alias: 'y', default: false, describe: 'install without asking' },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { parts?: string[] };

export const setupCommand: CommandModule<object, Flags> = {
  command: 'setup [parts..]',
  describe:
    'what is optional, such as WebGPU in Node: tells what is there, or what it would bring, asks and installs it',
  builder: (yargs) =>
    yargs
      .positional('parts', {
        type: 'string',
        array: true,
        defaultDescription: 'none',
        describe: `${optionalPartNames.join(', ')}: what is wanted`,
      })
      .options(flags)
      .example('$0 setup', 'what is there, and what is not')
      .example('$0 setup gpu', 'WebGPU in Node')
      .example('$0 setup chromium query --yes', 'without a question, as in CI'),
  handler: setup,
};

async function setup({ parts = [], yes }: Flags): Promise<void> {
  const chosen = chooseNames('parts', parts, optionalPartNames);
  for (const part of chosen) process.stdout.write(`${describePart(part)}\n`);
  const missing = chosen.filter((part) => !packagesOf(part).every(isThere));
  if (parts.length === 0 || missing.length === 0) return;
  if (!IS_PACKAGE) {
    const lines = new Set(missing.map((part) => setupLine(part)));
    throw new InputError(`setup: a checkout gets what is missing by ${[...lines].join(' and ')}`);
  }
  await install(missing, yes);
}

function packagesOf(part: OptionalPart): OptionalPackage[] {
  return optionalParts[part].packages.map((name) => examinePackage(name, PROJECT));
}

const PART_WIDTH = 10;

function describePart(part: OptionalPart): string {
  const packages = packagesOf(part);
  const state = packages.every(isThere)
    ? `there: ${packages.map(({ name, installed }) => `${name} ${installed}`).join(', ')}`
    : `missing: ${packages
        .filter((one) => !isThere(one))
        .map(({ name }) => name)
        .join(', ')}; ${setupLine(part)}`;
  return definition(part, [optionalParts[part].brings, state], PART_WIDTH, textWidth());
}

async function install(parts: readonly OptionalPart[], yes: boolean): Promise<void> {
  const missing = new Map(
    parts
      .flatMap(packagesOf)
      .filter((one) => !isThere(one))
      .map((one) => [one.name, one]),
  );
  const specs = [...missing.values()].map(({ name, wanted }) => `${name}@${wanted}`);
  const root = projectOf(PROJECT, specs);
  const added = whatNpmAdds(root, specs).filter((spec) => !specs.includes(spec));
  const sizes = [...missing.values()].map(({ megabytes }) => megabytes ?? 0);
  const lines = [
    `Into ${root} npm will bring, with what they depend on some ${sizes.reduce((sum, size) => sum + size, 0)} MB:`,
    ...[...missing.values()].map(
      ({ name, wanted, megabytes }) => `  ${name} ${wanted}${megabytes === undefined ? '' : `, ${megabytes} MB`}`,
    ),
    ...(added.length > 0 ? [wrapText(`  and ${added.join(', ')}`, textWidth(), '    ')] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (!yes && !(await isAgreed())) return;
  installPackages(root, specs);
  for (const part of parts) process.stdout.write(`${describePart(part)}\n`);
}

/** Throws InputError where nobody can be asked. */
async function isAgreed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new InputError('setup: must be answered on a terminal, got none; --yes installs without asking');
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asking.question('Install? [y/N] ');
  asking.close();
  return /^y(es)?$/i.test(answer.trim());
}
