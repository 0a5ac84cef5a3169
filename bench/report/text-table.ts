// Tables for a terminal: columns as wide as their cells, two spaces between them.
import { styleText } from 'node:util';

export interface TextColumn {
  /** The heading first. */
  readonly cells: readonly string[];
  readonly width: number;
  readonly align: 'left' | 'right';
}

const GAP = '  ';
/** Where nobody says how wide the place is that is written to, as with a file. */
const USUAL_WIDTH = 100;
/** Narrower ones get lines of this width, which they break; wider lines are hard to follow. */
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

/** Further columns that don't fit beside the fixed ones go on in a table below. */
export function splitToWidth(
  fixed: readonly TextColumn[],
  further: readonly TextColumn[],
  width: number,
): TextColumn[][] {
  const blocks: TextColumn[][] = [[...fixed]];
  for (const next of further) {
    const block = blocks[blocks.length - 1];
    const needed = [...block, next].reduce((sum, column) => sum + column.width + GAP.length, -GAP.length);
    if (needed > width && block.length > fixed.length) blocks.push([...fixed, next]);
    else block.push(next);
  }
  return blocks;
}

/** One line a row, the heading first. */
export function tableLines(columns: readonly TextColumn[]): string[] {
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

/** Text is set beside its term where at least so many columns are left for it, else below. */
const LEAST_BESIDE = 30;

/** A term with what is said of it, a paragraph each, set off from the term. */
export function definition(term: string, paragraphs: readonly string[], termWidth: number, width: number): string {
  const isBeside = width - termWidth - GAP.length >= LEAST_BESIDE;
  const indent = ' '.repeat(isBeside ? termWidth + GAP.length : 2 * GAP.length);
  const lines = paragraphs.map(
    (text) => indent + wrapText(text, width - indent.length).replaceAll('\n', `\n${indent}`),
  );
  return isBeside ? term.padEnd(termWidth) + lines.join('\n').slice(termWidth) : [term, ...lines].join('\n');
}

function chunks(word: string, size: number): string[] {
  if (word.length <= size) return [word];
  return [word.slice(0, size), ...chunks(word.slice(size), size)];
}
