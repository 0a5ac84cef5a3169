// What a command that judges has to say, and the forms it says it in: a table to read, Markdown for a pull request, CSV and
// JSON for programs, and GitHub's annotations with the job summary.
import { appendFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { stringify } from 'csv-stringify/sync';
import { InputError } from '../contract/input-error.ts';
import { layOut, textColumn, wrapText } from './text-table.ts';

export const reportFormats = ['table', 'markdown', 'json', 'csv', 'github'] as const;
export type ReportFormat = (typeof reportFormats)[number];

export interface VerdictReport {
  /** The command, as annotations name it. */
  readonly title: string;
  readonly sections: readonly ReportSection[];
  /** Sentences below the tables. */
  readonly notes: readonly string[];
  readonly alerts: readonly Alert[];
  /** One flat record per subject, for CSV. */
  readonly records: readonly Readonly<Record<string, string | number | boolean | undefined>>[];
  /** Everything, for JSON. */
  readonly data: object;
}

export interface ReportSection {
  readonly title: string;
  readonly headings: readonly string[];
  readonly lines: readonly ReportLine[];
}

export interface ReportLine {
  /** As many as there are headings; names stand left, figures right (see LEFT). */
  readonly cells: readonly string[];
  /** Sentences that belong to the line. */
  readonly details: readonly string[];
}

export interface Alert {
  readonly level: 'error' | 'warning';
  readonly message: string;
}

/** Writes the report to stdout; in the format github, the job summary too where there is one. */
export function printReport(report: VerdictReport, format: ReportFormat, width: number): void {
  process.stdout.write(`${formatReport(report, format, width)}\n`);
  const summary = process.env.GITHUB_STEP_SUMMARY;
  if (format === 'github' && summary) appendSummary(summary, formatMarkdown(report));
}

function appendSummary(path: string, text: string): void {
  try {
    appendFileSync(path, `${text}\n`);
  } catch (error) {
    throw new InputError(
      `GITHUB_STEP_SUMMARY: must be a file tare can write, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}

export function formatReport(report: VerdictReport, format: ReportFormat, width: number): string {
  switch (format) {
    case 'table':
      return formatTable(report, width);
    case 'markdown':
      return formatMarkdown(report);
    case 'json':
      return JSON.stringify(report.data, undefined, 2);
    case 'csv':
      return stringify([...report.records], {
        header: true,
        escape_formulas: true,
        cast: { boolean: String },
      }).trimEnd();
    case 'github':
      return formatAnnotations(report);
    default:
      return format satisfies never;
  }
}

function formatTable({ sections, notes }: VerdictReport, width: number): string {
  const tables = sections.map(({ title, headings, lines }) => {
    const columns = headings.map((heading, i) =>
      textColumn(
        heading,
        lines.map(({ cells }) => cells[i]),
        alignment(heading),
      ),
    );
    const content = {
      names: columns.filter(({ align }) => align === 'left'),
      figures: columns.filter(({ align }) => align === 'right'),
      details: lines.map(({ details }) => details),
    };
    return [styleText('bold', wrapText(title, width)), ...layOut(content, width)].join('\n');
  });
  return [...tables, notes.map((note) => wrapText(note, width, '  ')).join('\n')].filter(Boolean).join('\n\n');
}

/** Columns of words; all others hold figures. */
const WORDS = new Set(['technique', 'backend', 'verdict', 'began', 'commits', 'what']);

function alignment(heading: string): 'left' | 'right' {
  return WORDS.has(heading) ? 'left' : 'right';
}

function formatMarkdown({ title, sections, notes }: VerdictReport): string {
  const tables = sections.map(({ title: heading, headings, lines }) => {
    const rule = headings.map((name) => (alignment(name) === 'left' ? '---' : '--:'));
    const rows = lines.map(({ cells, details }) => [...cells, details.join('; ')]);
    return [`**${escapeCell(heading)}**`, '', ...[[...headings, ''], [...rule, '---'], ...rows].map(markdownRow)].join(
      '\n',
    );
  });
  return [`### ${title}`, ...tables, ...notes.map(escapeCell)].join('\n\n');
}

/** Cells that hold Markdown or HTML are shown as they are. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => escapeCell(cell.trim())).join(' | ')} |`;
}

function escapeCell(text: string): string {
  return text.replace(/[\\|*_<>`[\]]/g, '\\$&');
}

/** GitHub shows ten annotations of a kind; the rest is in the job summary. */
const MOST_ANNOTATIONS = 10;

function formatAnnotations({ title, alerts, notes }: VerdictReport): string {
  const lines = (['error', 'warning'] as const).flatMap((level) => {
    const own = alerts.filter((alert) => alert.level === level);
    const shown = own.slice(0, MOST_ANNOTATIONS).map(({ message }) => annotation(level, title, message));
    if (own.length > shown.length) shown.push(`… and ${own.length - shown.length} more of these in the job summary`);
    return shown;
  });
  return [...lines, ...notes].join('\n');
}

/** A workflow command; GitHub decodes these three escapes, and two more in properties. */
function annotation(level: Alert['level'], title: string, message: string): string {
  const data = (text: string) => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string) => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${level} title=${property(title)}::${data(message)}`;
}
