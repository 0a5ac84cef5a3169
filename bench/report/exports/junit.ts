// JUnit's XML, in the form of Apache Ant's tasks, whose schema (windyroad/JUnit-Schema) is the strictest there is: a test suite
// a suite, a test case a case.
import type { ResultRow } from '../../results/columns.ts';
import { failureReason, isFailure, outcomeOf } from '../../results/failure.ts';

export function formatJunit(rows: readonly ResultRow[]): string {
  const suites = [...Map.groupBy(rows, ({ suite }) => suite ?? 'tare')];
  const lines = suites.flatMap(([name, group], id) => suiteLines(name, group, id));
  return `${['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...lines, '</testsuites>'].join('\n')}\n`;
}

type Outcome = 'passed' | 'skipped' | 'failure' | 'error';

/** A failure is an answer that is wrong or drifted too far; an error is no answer. */
function outcomeIn(row: ResultRow): Outcome {
  if (row.status === 'skipped' || row.status === 'unsupported') return 'skipped';
  if (!isFailure(row)) return 'passed';
  return row.status === 'error' || row.status === 'timeout' || row.status === 'oom' ? 'error' : 'failure';
}

function suiteLines(name: string, rows: readonly ResultRow[], id: number): string[] {
  const count = (outcome: Outcome) => rows.filter((row) => outcomeIn(row) === outcome).length;
  const head = element('testsuite', {
    name,
    package: name,
    id,
    timestamp: timestampOf(rows[0]),
    hostname: 'localhost',
    tests: rows.length,
    failures: count('failure'),
    errors: count('error'),
    skipped: count('skipped'),
    time: decimal(rows.reduce((sum, { took_s = 0 }) => sum + took_s, 0)),
  });
  return [
    `<${head}>`,
    '<properties>',
    ...PROPERTIES.flatMap((column) => propertyLine(column, rows[0][column])),
    '</properties>',
    ...rows.map((row) => caseLine(name, row)),
    '<system-out></system-out>',
    '<system-err></system-err>',
    '</testsuite>',
  ];
}

const PROPERTIES = ['run_id', 'git_commit', 'cpu_model', 'os', 'node_version', 'v8_version'] as const;

function propertyLine(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`<${element('property', { name, value })}/>`];
}

function caseLine(suite: string, row: ResultRow): string {
  const outcome = outcomeIn(row);
  const head = element('testcase', {
    name: row.case_id ?? '',
    classname: `${suite}.${row.technique ?? ''}`,
    time: decimal(row.took_s ?? 0),
  });
  if (outcome === 'passed') return `<${head}/>`;
  const message = failureReason(row);
  const why = { message, ...(outcome === 'skipped' ? {} : { type: outcomeOf(row) }) };
  return `<${head}><${element(outcome, why)}/></testcase>`;
}

function element(name: string, attributes: Readonly<Record<string, string | number | undefined>>): string {
  return [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${escaped(String(value))}"`)].join(' ');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** What XML 1.0 has no way to write, and what is escaped. */
const UNWRITABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

function escaped(text: string): string {
  return text.replace(UNWRITABLE, '\uFFFD').replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

/** Seconds to the ms, never with an exponent. */
function decimal(seconds: number): string {
  return seconds.toFixed(3);
}

/** To the second and without a time zone, as the schema wants it. */
function timestampOf({ started_at = '' }: ResultRow): string {
  const date = new Date(started_at);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString().slice(0, 19);
}
