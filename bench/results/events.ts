// events.jsonl in a history's folder: what people know of it and no figure tells, one JSON object a line. It is written by
// `tare event` or by hand and is meant to be committed; track, compare, report and query read it.
import { appendFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../contract/input-error.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { wholeSize } from './whole-lines.ts';

export const EVENTS_FILE = 'events.jsonl';

export const eventKinds = ['accept', 'silence', 'note', 'machine'] as const;
export type EventKind = (typeof eventKinds)[number];

/** Cases by a part of their ids, or a pattern with * and ?, as --filter takes it. */
const pattern = z.string().min(1).transform(visibleText);
const common = {
  /** When it was written, or since when it holds: UTC, ISO 8601, a day or a time. */
  at: z.union([z.iso.date(), z.iso.datetime()]),
  /** Why, in words. */
  text: z
    .string()
    .trim()
    .min(1)
    .transform((text) => visibleSentence(text)),
};

const HistoryEvent = z.discriminatedUnion('kind', [
  /** A level, drift or bytes that these cases take from this commit on are meant. */
  z.strictObject({
    kind: z.literal('accept'),
    ...common,
    cases: pattern,
    commit: z.string().regex(/^[0-9a-f]{7,40}$/),
  }),
  /** Runs begun from `at` until the end of this day raise no alert of these cases. */
  z.strictObject({ kind: z.literal('silence'), ...common, cases: pattern, until: z.iso.date() }),
  z.strictObject({ kind: z.literal('note'), ...common, cases: pattern.optional() }),
  /**
   * At this time the machine became another one in what no column tells, as by a setting of its firmware. `machine` says
   * which, by a part of its description or a pattern, where a history has several.
   */
  z.strictObject({ kind: z.literal('machine'), ...common, machine: pattern.optional() }),
]);
export type HistoryEvent = z.infer<typeof HistoryEvent>;
export type EventOf<Kind extends EventKind> = Extract<HistoryEvent, { kind: Kind }>;

export interface EventsRead {
  /** In the file's order. */
  readonly events: readonly HistoryEvent[];
  /** A sentence for each line that is no event, by its number; such lines are passed over. */
  readonly notes: readonly string[];
}

/** The events of a history's folder; none where it has no file of them. Throws InputError where that can't be read. */
export function readEvents(folder: string): EventsRead {
  const path = join(folder, EVENTS_FILE);
  if (!existsSync(path)) return { events: [], notes: [] };
  const lines = readText(path)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/);
  const parsed = lines.map((line, i) => (line.trim() === '' ? {} : parseEvent(line, `${EVENTS_FILE} line ${i + 1}`)));
  return {
    events: parsed.flatMap(({ event }) => event ?? []),
    notes: parsed.flatMap(({ note }) => note ?? []),
  };
}

/** Those of all folders that paths are in or name, each folder once. */
export function eventsBeside(paths: readonly string[]): EventsRead {
  const folders = new Set(paths.map(folderOf));
  const read = [...folders].map(readEvents);
  return { events: read.flatMap(({ events }) => events), notes: read.flatMap(({ notes }) => notes) };
}

function folderOf(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path);
}

/** Adds a line to the folder's events and gives the file's path. Throws InputError where it can't be written. */
export function appendEvent(folder: string, event: HistoryEvent): string {
  const path = join(folder, EVENTS_FILE);
  const checked = HistoryEvent.safeParse(event);
  if (!checked.success) throw new InputError(`event: ${describeIssue(checked.error, event)}`);
  try {
    // A last line that a hand left without its end must not swallow this one.
    const isWhole = !existsSync(path) || wholeSize(path) === statSync(path).size;
    appendFileSync(path, `${isWhole ? '' : '\n'}${JSON.stringify(checked.data)}\n`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--history: must be a folder tare can write, got ${code} at ${path}`);
  }
  return path;
}

/** In a sentence, without its day. */
export function describeEvent(each: HistoryEvent): string {
  switch (each.kind) {
    case 'accept':
      return `accept ${each.cases} from commit ${each.commit.slice(0, 8)}: ${each.text}`;
    case 'silence':
      return `silence ${each.cases} until ${each.until}: ${each.text}`;
    case 'note':
      return `note${each.cases === undefined ? '' : ` on ${each.cases}`}: ${each.text}`;
    case 'machine':
      return `machine${each.machine === undefined ? '' : ` ${each.machine}`}: ${each.text}`;
    default:
      return each satisfies never;
  }
}

function parseEvent(line: string, where: string): { event?: HistoryEvent; note?: string } {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return { note: `${where}: must be a JSON object, got ${visibleSentence(line, 60)}; passed over` };
  }
  const parsed = HistoryEvent.safeParse(json);
  if (parsed.success) return { event: parsed.data };
  return { note: `${where}: ${describeIssue(parsed.error, json)}; passed over` };
}

/** The first thing that is wrong, as all messages say it. */
function describeIssue({ issues: [issue] }: z.ZodError, json: unknown): string {
  if (issue.code === 'unrecognized_keys')
    return `must have no other fields than its kind has, got ${visibleSentence(issue.keys.join(', '), 60)}`;
  const [name] = issue.path;
  const value = name === undefined ? undefined : z.record(z.string(), z.unknown()).safeParse(json).data?.[String(name)];
  const got = value === undefined ? '' : `, got ${visibleSentence(String(value), 60) || 'nothing'}`;
  if (name === 'kind') return `kind must be one of ${eventKinds.join(', ')}${got || ', got none'}`;
  if (name === undefined) return `must be an event (${issue.message})`;
  return `${String(name)} must be ${RULES[String(name)] ?? issue.message}${got || ', got none'}`;
}

const RULES: Readonly<Record<string, string>> = {
  at: 'a UTC day or time in ISO 8601',
  text: 'words that say why',
  cases: 'a part of case ids or a pattern',
  commit: '7 to 40 hexadecimal digits of a commit',
  until: 'a day as 2031-05-04',
  machine: "a part of a machine's description or a pattern",
};

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`${path}: must be readable, got ${(error as NodeJS.ErrnoException).code}`);
  }
}
