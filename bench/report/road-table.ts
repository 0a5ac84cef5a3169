import { styleText } from 'node:util';
import type { Road, RoadSide } from './roads.ts';
import { formatBytes, formatRate, threeDigits } from './row-cells.ts';
import { layOut, textColumn, wrapText } from './text-table.ts';

/** Lines of the table, its title first: each road with its control below it. */
export function roadLines(roads: readonly Road[], width: number): string[] {
  if (roads.length === 0) return [];
  const several = new Set(roads.map(({ backend }) => backend)).size > 1;
  const lines = roads.flatMap((road) => {
    const { comparison, backend, cases, control } = road;
    const name = several ? `${comparison.road} · ${backend}` : comparison.road;
    return [
      { name, side: cases, verdict: road.verdict },
      { name: '', side: control, verdict: factorCell(road) },
    ];
  });
  const column = (heading: string, cell: (line: (typeof lines)[number]) => string, align?: 'left' | 'right') =>
    textColumn(heading, lines.map(cell), align);
  const names = [
    column('road', ({ name }) => name, 'left'),
    column('against its control', ({ name, side }) => `${name === '' ? '  ' : ''}${side.is}`, 'left'),
  ];
  const isScored = roads.some(({ cases, control }) => (cases.perplexityRatio ?? control.perplexityRatio) !== undefined);
  const figures = [
    column('bytes', ({ side }) => (side.row?.stored_bytes === undefined ? '' : formatBytes(side.row.stored_bytes))),
    column('tok/s', ({ side }) => (side.row?.tokens_per_s === undefined ? '' : formatRate(side.row.tokens_per_s))),
    ...(isScored ? [column('ppl', ({ side }) => perplexityCell(side))] : []),
    column('verdict', ({ verdict }) => verdict),
  ];
  const legend = isScored
    ? "ppl: over the reference's, the mean of so many seeds   below a verdict: times as fast as the control, or its perplexity over " +
      "the road's, with a 95 % interval over the text and the seeds"
    : 'below a verdict: times as fast as the control, with a 95 % interval';
  return [
    styleText('bold', wrapText('roads', width, '  ')),
    ...layOut({ names, figures }, width),
    styleText('dim', wrapText(legend, width, '  ')),
  ];
}

function perplexityCell({ perplexityRatio, seeds }: RoadSide): string {
  if (perplexityRatio === undefined) return '';
  return `${perplexityRatio.toFixed(3)}x${seeds > 1 ? ` (${seeds})` : ''}`;
}

function factorCell({ factor }: Road): string {
  if (factor === undefined) return '';
  const { value, interval } = factor;
  return `${threeDigits(value)} (${threeDigits(interval.low)}–${threeDigits(interval.high)})`;
}

/** For programs: without their rows. */
export function roadData({ comparison, backend, cases, control, factor, verdict }: Road) {
  const side = ({ is, row, perplexityRatio, seeds }: RoadSide) => ({
    is,
    case_id: row?.case_id,
    stored_bytes: row?.stored_bytes,
    tokens_per_s: row?.tokens_per_s,
    ppl_over_reference: perplexityRatio,
    seeds,
  });
  return {
    road: comparison.road,
    backend,
    by: comparison.by,
    cases: side(cases),
    control: side(control),
    factor: factor?.value,
    factor_ci95_low: factor?.interval.low,
    factor_ci95_high: factor?.interval.high,
    verdict,
  };
}
