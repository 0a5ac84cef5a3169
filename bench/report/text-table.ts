// Tables for a terminal: columns as wide as their cells, two spaces between them.
import { styleText } from 'node:util';

export interface TextColumn {
  /** The heading first. */
  readonly cells: readonly string[];
  readonly width: number;
  readonly align: 'left' | 'right';
}

const GAP = '  ';
/** Used where neither COLUMNS nor a terminal says a width, as when writing to a file. */
const USUAL_WIDTH = 100;
/** Tables can't be read in fewer columns than the first, and lines longer than the second are hard to follow. */
const [MIN_WIDTH, MAX_WIDTH] = [40, 200];

/** Columns to write in: as many as COLUMNS says, or as the terminal has. */
export function textWidth(asked = process.env.COLUMNS, terminal: number | undefined = process.stdout.columns): number {
  const said = Math.floor(Number(asked));
  const columns = said > 0 ? said : terminal || USUAL_WIDTH;
  return Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns));
}

export function textColumn(
  heading: string,
  cells: readonly string[],
  align: TextColumn['align'] = 'right',
): TextColumn {
  const all = [heading, ...cells];
  return { cells: all, width: Math.max(...all.map((cell) => cell.length)), align };
}

export interface TableContent {
  /** What every row is known by; repeated where a table has to go on below. */
  readonly names: readonly TextColumn[];
  readonly figures: readonly TextColumn[];
  /** Sentences that belong below a row. */
  readonly details?: readonly (readonly string[])[];
}

/**
 * Lines of a table that fits: figures for which there is no room go on in a table below, and where fewer than the first two
 * fit beside the names, or one of them doesn't, each row becomes a paragraph.
 */
export function layOut({ names, figures, details = [] }: TableContent, width: number): string[] {
  const detailsBelow = (row: number) => (details[row] ?? []).map((text) => indented(text, width));
  const together = [figures.slice(0, 2), ...figures.map((figure) => [figure])];
  if (together.some((few) => widthOf([...names, ...few]) > width)) {
    return paragraphs(names, figures, width).flatMap((lines, row) => [...lines, ...detailsBelow(row)]);
  }
  const blocks = splitToWidth(names, figures, width).map(tableLines);
  const last = blocks.pop() ?? [];
  return [...blocks.flat(), ...last.flatMap((line, i) => [line, ...detailsBelow(i - 1)])];
}

function splitToWidth(names: readonly TextColumn[], figures: readonly TextColumn[], width: number): TextColumn[][] {
  const blocks: TextColumn[][] = [[...names]];
  for (const next of figures) {
    const block = blocks[blocks.length - 1];
    if (widthOf([...block, next]) > width) blocks.push([...names, next]);
    else block.push(next);
  }
  return blocks;
}

function widthOf(columns: readonly TextColumn[]): number {
  return columns.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length);
}

/** A row's names, and below them each figure behind its heading. */
function paragraphs(names: readonly TextColumn[], figures: readonly TextColumn[], width: number): string[][] {
  return names[0].cells.slice(1).map((_, row) => {
    const words = names.filter(({ align }) => align === 'left');
    const name = words.map(({ cells }) => cells[row + 1]).join(' · ');
    const facts = [...names, ...figures]
      .filter((column) => !words.includes(column))
      .flatMap(({ cells }) => {
        const [heading, cell] = [cells[0].trim(), cells[row + 1].trim()];
        return cell === '' ? [] : [`${heading} ${cell}`];
      });
    return [wrapText(name, width, GAP), indented(facts.join(', '), width)].filter((line) => line.trim() !== '');
  });
}

function indented(text: string, width: number): string {
  return wrapText(text, width - GAP.length, GAP).replace(/^/gm, GAP);
}

/** One line a row, the heading first. */
function tableLines(columns: readonly TextColumn[]): string[] {
  return columns[0].cells.map((_, line) => {
    const cells = columns.map(({ cells: all, width, align }) => {
      return align === 'left' ? all[line].padEnd(width) : all[line].padStart(width);
    });
    const text = cells.join(GAP).trimEnd();
    return line === 0 ? styleText('dim', text) : text;
  });
}

/** Breaks at spaces; a longer word is cut. Lines but the first are indented. */
export function wrapText(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((long) => chunks(long, width - indent.length))) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

/** Columns that text needs to stand beside its term; with fewer it stands below. */
const LEAST_BESIDE = 30;

/** A term and the paragraphs that explain it, beside it or below it. */
export function definition(term: string, paragraphs: readonly string[], termWidth: number, width: number): string {
  const isBeside = width - termWidth - GAP.length >= LEAST_BESIDE;
  const indent = ' '.repeat(isBeside ? termWidth + GAP.length : 2 * GAP.length);
  const lines = paragraphs.map(
    (text) => indent + wrapText(text, width - indent.length).replaceAll('\n', `\n${indent}`),
  );
  return isBeside
    ? term.padEnd(termWidth) + lines.join('\n').slice(termWidth)
    : [wrapText(term, width, GAP.repeat(2)), ...lines].join('\n');
}

function chunks(word: string, size: number): string[] {
  if (word.length <= size) return [word];
  return [word.slice(0, size), ...chunks(word.slice(size), size)];
}
