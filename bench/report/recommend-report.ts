// Compressions of a model under a user's bounds: a table of all, then which are best, and what measures them again.
import { type Bounds, judge, recommend, type Verdict, type WeighedModel } from '../judge/recommend.ts';
import type { Interval } from '../statistics/interval.ts';
import { formatRatio } from './row-cells.ts';
import { change, digits } from './sensitivity-table.ts';
import { layOut, textColumn, wrapText } from './text-table.ts';

const MARKS: Readonly<Record<Verdict, string>> = { kept: '✓', open: '?', broken: '' };

export function recommendReport(models: readonly WeighedModel[], bounds: Bounds, width: number): string {
  const column = (heading: string, cell: (model: WeighedModel) => string) => textColumn(heading, models.map(cell));
  const names = [
    textColumn(
      'technique',
      models.map(({ label }) => label),
      'left',
    ),
  ];
  const figures = [
    column('keeps', (model) => (model.reason === undefined ? MARKS[judge(model, bounds)] : '')),
    column('bytes', ({ bytesShare }) => (bytesShare === undefined ? '' : `${(100 * bytesShare).toFixed(1)} %`)),
    column('decode', ({ speedup }) => (speedup === undefined ? '' : `${formatRatio(speedup)}x`)),
    column('95 %', ({ speedupCi95 }) => range(speedupCi95, formatRatio, '–')),
    column('ppl', ({ pplRatio }) => change(pplRatio)),
    column('95 %', ({ pplRatioCi95 }) => range(pplRatioCi95, change, ' to ')),
    column('KLD', ({ kldMean }) => digits(kldMean)),
    column('95 %', ({ kldMeanCi95 }) => range(kldMeanCi95, digits, '–')),
  ];
  const details = models.map(({ reason }) => (reason === undefined ? [] : [reason]));
  return [...layOut({ names, figures, details }, width), '', ...conclusions(models, bounds, width)].join('\n');
}

function range(ci95: Interval | undefined, format: (value: number) => string, between: string): string {
  return ci95 === undefined ? '' : `${format(ci95.low)}${between}${format(ci95.high)}`;
}

/** What is best under the bounds; where nothing keeps them for sure, that, and what may. */
function conclusions(models: readonly WeighedModel[], bounds: Bounds, width: number): string[] {
  const asked = boundsText(bounds);
  // A command is copied as it stands, so it is on one line however wide.
  const entry = (said: string, { label, command }: WeighedModel) => [
    wrapText(`${said}: ${label}`, width, '  '),
    `  ${command}`,
  ];
  const best = Object.entries(recommend(models, bounds));
  if (best.length > 0) {
    const won = [...Map.groupBy(best, ([, model]) => model)].map(
      ([model, wins]) => [wins.map(([merit]) => merit), model] as const,
    );
    return [wrapText(`Under ${asked}:`, width, '  '), ...won.flatMap(([wins, model]) => entry(wins.join(', '), model))];
  }
  const open = models.filter((model) => model.reason === undefined && judge(model, bounds) === 'open');
  const may = open.flatMap((model) => entry('may, the bound lies within its interval', model));
  return [wrapText(`No technique does that: ${asked}.`, width, '  '), ...may];
}

export function boundsText({ maxPplRatio, maxBytesShare, minSpeedup }: Bounds): string {
  return [
    maxPplRatio === undefined ? [] : [`perplexity at most ${change(maxPplRatio)}`],
    maxBytesShare === undefined ? [] : [`at most ${(100 * maxBytesShare).toFixed(1)} % of the bytes`],
    minSpeedup === undefined ? [] : [`at least ${formatRatio(minSpeedup)}x as fast`],
  ]
    .flat()
    .join(', ');
}
