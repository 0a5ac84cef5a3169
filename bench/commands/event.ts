import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { unknownName } from '../cases/select.ts';
import { matchesFilter } from '../contract/case-filter.ts';
import { InputError } from '../contract/input-error.ts';
import { definition, textWidth } from '../report/text-table.ts';
import { readRows } from '../results/csv.ts';
import {
  appendEvent,
  describeEvent,
  type EventKind,
  eventKinds,
  type HistoryEvent,
  readEvents,
} from '../results/events.ts';
import { resolveCommit } from '../run/git-state.ts';
import { once } from './selection-flags.ts';
import { folderOf, historyFolder } from './users-folder.ts';

const actions = [...eventKinds, 'list'] as const;
type Action = (typeof actions)[number];

const text = (flag: string, describe: string) =>
  ({ type: 'string', requiresArg: true, coerce: once(flag), describe }) as const;

const flags = {
  history: {
    ...text('history', 'folder of the history whose events.jsonl is meant'),
    default: historyFolder(),
    defaultDescription: "tare's own results/history/",
  },
  why: text('why', 'accept and silence: the reason, in words'),
  commit: { ...text('commit', 'accept: the commit it began with'), defaultDescription: 'the one checked out' },
  until: text('until', 'silence: its last day, as 2031-05-04, UTC'),
  cases: text('cases', 'note: which cases it is about, as --filter names them'),
  machine: text('machine', 'machine: which one, by a part of its description, where the history has several'),
  at: { ...text('at', 'since when it holds: a day or time in ISO 8601, UTC'), defaultDescription: 'now' },
  json: { type: 'boolean', default: false, describe: 'list: print JSON' },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags> & { action?: Action; what?: string };

export const eventCommand: CommandModule<object, Flags> = {
  command: 'event <action> [what]',
  describe: 'what people know of a history: accept, silence, note, machine; or list of all that was said',
  builder: (yargs) =>
    yargs
      .positional('action', { type: 'string', coerce: chooseAction, describe: actions.join(', ') })
      .positional('what', {
        type: 'string',
        describe: 'accept, silence: which cases, as --filter names them; note, machine: the words',
      })
      .options(flags)
      .example("$0 event accept '*int4*' --commit 18181818 --why 'wider blocks'", 'a change that is meant: no alert')
      .example("$0 event silence csr --until 2031-06-01 --why 'being looked at'", 'no alert until then')
      .example("$0 event machine 'turbo switched off'", 'speeds have a new history from here on')
      .example("$0 event note 'moved to the cellar'", 'stands beside what the nights show')
      .example('$0 event list', 'all that was said'),
  handler: event,
};

function chooseAction(name: string): Action {
  const action = actions.find((candidate) => candidate === name);
  if (action === undefined) throw unknownName('action', name, actions);
  return action;
}

function event(argv: ArgumentsCamelCase<Flags>): void {
  const { action = 'list', history } = argv;
  folderOf('history', history);
  assertOwnFlags(action, argv);
  if (action === 'list') {
    listEvents(argv);
    return;
  }
  const made = makeEvent(action, argv);
  if ('cases' in made && made.cases !== undefined) assertKnown(made.cases, history);
  process.stdout.write(`${describeEvent(made)}\n${appendEvent(history, made)}\n`);
}

/** Flags that each action takes beside --history and --at. */
const TAKES: { readonly [A in Action]: readonly (keyof typeof flags)[] } = {
  accept: ['why', 'commit', 'at'],
  silence: ['why', 'until', 'at'],
  note: ['cases', 'at'],
  machine: ['machine', 'at'],
  list: ['json'],
};

/** What is said beside an action that doesn't take it would be passed over. */
function assertOwnFlags(action: Action, argv: Flags): void {
  const given = (['why', 'commit', 'until', 'cases', 'machine', 'at'] as const).filter(
    (flag) => argv[flag] !== undefined,
  );
  const strange = given.find((flag) => !TAKES[action].includes(flag));
  if (strange !== undefined) throw new InputError(`--${strange}: must go with ${takersOf(strange)}, got ${action}`);
  if (action === 'list' && argv.what !== undefined)
    throw new InputError(`what: must be nothing for list, got ${argv.what}`);
}

function takersOf(flag: keyof typeof flags): string {
  return actions.filter((action) => TAKES[action].includes(flag)).join(', ');
}

function makeEvent(kind: EventKind, argv: Flags): HistoryEvent {
  const { what, why, until, cases, machine } = argv;
  const at = argv.at ?? new Date().toISOString();
  switch (kind) {
    case 'accept':
      return { kind, at, cases: given('what', what), commit: commitOf(argv.commit), text: given('--why', why) };
    case 'silence':
      return {
        kind,
        at,
        cases: given('what', what),
        until: laterDay(given('--until', until), at),
        text: given('--why', why),
      };
    case 'note':
      return { kind, at, text: given('what', what), cases };
    case 'machine':
      return { kind, at, text: given('what', what), machine };
    default:
      return kind satisfies never;
  }
}

function given(name: string, value: string | undefined): string {
  if (value === undefined || value.trim() === '') throw new InputError(`${name}: must be given, got none`);
  return value;
}

/** One that is over would silence nothing. */
function laterDay(until: string, at: string): string {
  if (until >= at.slice(0, DAY)) return until;
  throw new InputError(`--until: must not be before ${at.slice(0, DAY)}, got ${until}`);
}

const COMMIT = /^[0-9a-f]{7,40}$/;

/** In full where git knows it. */
function commitOf(typed = 'HEAD'): string {
  const commit = resolveCommit(typed) ?? (COMMIT.test(typed) ? typed : undefined);
  if (commit !== undefined) return commit;
  throw new InputError(`--commit: must be a commit, got ${typed}, of which git knows nothing`);
}

/** A pattern that no case of the newest run has is a slip of the hand. */
function assertKnown(pattern: string, history: string): void {
  const newest = readdirSync(history)
    .filter((name) => name.endsWith('.csv'))
    .toSorted()
    .at(-1);
  if (newest === undefined) return;
  const rows = readRows(join(history, newest));
  if (rows.some(({ case_id = '' }) => matchesFilter(case_id, pattern))) return;
  throw new InputError(`cases: must match one of the ${rows.length} case ids in ${newest}, got ${pattern}`);
}

function listEvents({ history, json }: Flags): void {
  const { events, notes } = readEvents(history);
  const said = events.map((each) => definition(each.at.slice(0, DAY), [describeEvent(each)], DAY, textWidth()));
  const lines = said.length > 0 ? said : [`nobody has said anything of ${history}`];
  process.stdout.write(json ? `${JSON.stringify(events, undefined, 2)}\n` : lines.map((line) => `${line}\n`).join(''));
  if (notes.length > 0) throw new InputError(notes.join('; '));
}

const DAY = '2031-05-04'.length;
