// Tables for a terminal: columns as wide as their cells, two spaces between them.
import { styleText } from 'node:util';

export interface TextColumn {
  /** The heading first. */
  readonly cells: readonly string[];
  readonly width: number;
  readonly align: 'left' | 'right';
}

const GAP = '  ';
/** Wider lines are hard to follow. */
const MAX_WIDTH = 100;

/** Columns to write in: the terminal's, or as many as suit a file. */
export function textWidth(): number {
  return Math.min(MAX_WIDTH, process.stdout.columns || MAX_WIDTH);
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

function chunks(word: string, size: number): string[] {
  if (word.length <= size) return [word];
  return [word.slice(0, size), ...chunks(word.slice(size), size)];
}
