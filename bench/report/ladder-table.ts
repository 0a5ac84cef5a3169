import { styleText } from 'node:util';
import type { Ladder, Rung } from './ladder.ts';
import { formatTime, threeDigits } from './row-cells.ts';
import { layOut, textColumn, wrapText } from './text-table.ts';

/** Lines of the table, its title first. */
export function ladderLines({ title, rungs }: Ladder, width: number): string[] {
  const column = (heading: string, cell: (rung: Rung) => string) => textColumn(heading, rungs.map(cell));
  const labels = rungs.map(({ label }) => label);
  const names = [textColumn('rung', labels, 'left')];
  const figures = [
    column('threads', ({ row }) => `${row.threads ?? ''}`),
    column('time', ({ timeNs }) => formatTime(timeNs)),
    column('over the naive loop', ({ row, factor }) => `${row.status === 'noisy' ? '~' : ''}${threeDigits(factor)}x`),
    column('95 %', ({ ci95 }) => (ci95 === undefined ? '' : `${threeDigits(ci95.low)} to ${threeDigits(ci95.high)}`)),
  ];
  return [styleText('bold', wrapText(`ladder · ${title}`, width, '  ')), ...layOut({ names, figures }, width)];
}
