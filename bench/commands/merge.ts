import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { chooseNames } from '../cases/select.ts';
import { counted } from '../contract/counted.ts';
import { type Allowance, allowances, mergeShards, writeMergedRun } from '../results/merge.ts';
import { makeResultsFolder } from '../run/run.ts';
import { outFlag } from './out-flag.ts';
import { listFlag, severalPaths } from './selection-flags.ts';

const flags = {
  out: { ...outFlag, describe: 'folder the merged run goes to' },
  allow: {
    ...listFlag,
    defaultDescription: 'none',
    describe: `${allowances.join(', ')}: what shards may differ in or lack and yet be joined`,
  },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { shards?: string[] };

export const mergeCommand: CommandModule<object, Flags> = {
  command: 'merge <shards..>',
  describe: 'join the shards of a run; refuses overlapping or missing cases, mixed commits and machines',
  builder: (yargs) =>
    yargs
      .positional('shards', { ...severalPaths, describe: "each shard's CSV, its other files beside it" })
      .options(flags)
      .example('$0 merge shards/*.csv', 'into results/')
      .example('$0 merge shards/*.csv --allow machines', 'measured on machines of several kinds')
      .example('$0 merge shards/*.csv --allow missing', 'though a shard is lost: its cases have rows that say so'),
  handler: merge,
};

function merge({ shards = [], out, allow }: Flags): void {
  const allowed = allow.length > 0 ? chooseNames('allow', allow, allowances) : [];
  const merged = mergeShards(shards, allowed as Allowance[]);
  makeResultsFolder(out);
  const csv = writeMergedRun(merged, out);
  for (const note of merged.notes) process.stderr.write(`tare: ${note}\n`);
  process.stdout.write(`${counted(merged.rows.length, 'case')} of ${counted(shards.length, 'shard')}\n${csv}\n`);
}
