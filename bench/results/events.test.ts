import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendEvent, describeEvent, eventsBeside, type HistoryEvent, readEvents } from './events.ts';

const newFolder = () => mkdtempSync(join(tmpdir(), 'tare-events-'));

const events: readonly HistoryEvent[] = [
  { kind: 'accept', at: '2031-01-01T02:03:04.567Z', text: 'wider blocks', cases: '*int4*', commit: '1818181' },
  { kind: 'silence', at: '2031-01-02', text: 'being looked at', cases: 'csr', until: '2031-02-01' },
  { kind: 'note', at: '2031-01-03', text: 'moved to the cellar' },
  { kind: 'machine', at: '2031-01-04T00:00:00Z', text: 'turbo off', machine: 'EPYC' },
];

test('what was said is read again, in order, and no folder needs to have any of it', () => {
  const folder = newFolder();
  expect(readEvents(folder)).toEqual({ events: [], notes: [] });
  for (const event of events) appendEvent(folder, event);
  expect(readEvents(folder)).toEqual({ events, notes: [] });
  expect(events.map(describeEvent)).toEqual([
    'accept *int4* from commit 1818181: wider blocks',
    'silence csr until 2031-02-01: being looked at',
    'note: moved to the cellar',
    'machine EPYC: turbo off',
  ]);
});

test('a line that is no event is named by its number and passed over, whatever it holds', () => {
  const folder = newFolder();
  const silence = '"kind":"silence","at":"2031-01-01","cases":"x","text":"y"';
  const lines = [
    JSON.stringify(events[2]),
    '<<<<<<< HEAD',
    '{"at":"2031-01-01"}',
    `{${silence},"until":"2031-02-30"}`,
    `{${silence},"until":"2031-02-01","util":1}`,
    '{"kind":"accept","at":"2031-01-01","cases":"x","text":"y","commit":"HEAD"}',
    '{"kind":"note","at":"yesterday","text":"y"}',
    '{"kind":"note","at":"2031-01-01","text":" "}',
    '[1]',
    '',
    JSON.stringify(events[3]),
  ];
  writeFileSync(join(folder, 'events.jsonl'), `\uFEFF${lines.join('\r\n')}`);
  const read = readEvents(folder);
  expect(read.events).toEqual(events.slice(2));
  expect(read.notes).toEqual([
    'events.jsonl line 2: must be a JSON object, got <<<<<<< HEAD; passed over',
    'events.jsonl line 3: kind must be one of accept, silence, note, machine, got none; passed over',
    'events.jsonl line 4: until must be a day as 2031-05-04, got 2031-02-30; passed over',
    'events.jsonl line 5: must have no other fields than its kind has, got util; passed over',
    'events.jsonl line 6: commit must be 7 to 40 hexadecimal digits of a commit, got HEAD; passed over',
    'events.jsonl line 7: at must be a UTC day or time in ISO 8601, got yesterday; passed over',
    'events.jsonl line 8: text must be words that say why, got nothing; passed over',
    expect.stringMatching(/^events\.jsonl line 9: must be an event/),
  ]);
});

test('a last line without its end swallows nothing, and words work on no terminal', () => {
  const folder = newFolder();
  appendEvent(folder, events[0]);
  appendFileSync(join(folder, 'events.jsonl'), JSON.stringify(events[1]));
  appendEvent(folder, { kind: 'note', at: '2031-01-01', text: 'a\u001b[31m\nb', cases: '\u202e' });
  const text = readFileSync(join(folder, 'events.jsonl'), 'utf8');
  expect(text.split('\n')).toHaveLength(4);
  expect(readEvents(folder).events.at(-1)).toMatchObject({ text: 'a\\u{1b}[31m b', cases: '\\u{202e}' });
});

test('an event that is none is not written', () => {
  const folder = newFolder();
  expect(() => appendEvent(folder, { ...events[1], until: 'soon' } as HistoryEvent)).toThrow(
    /^event: until must be a day as 2031-05-04, got soon$/,
  );
  expect(readEvents(folder).events).toEqual([]);
});

test('several files of one folder have its events once', () => {
  const folder = newFolder();
  mkdirSync(join(folder, 'other'));
  appendEvent(folder, events[0]);
  appendEvent(join(folder, 'other'), events[2]);
  writeFileSync(join(folder, 'a.csv'), '');
  const paths = [join(folder, 'a.csv'), join(folder, 'b.csv'), folder, join(folder, 'other')];
  expect(eventsBeside(paths).events).toEqual([events[0], events[2]]);
});
