// What each layer of a model costs when it alone is compressed: those first that cost least for the bytes they save.
import type { Interval } from '../statistics/interval.ts';
import { layOut, textColumn } from './text-table.ts';

export interface LayerCost {
  readonly layer: string;
  readonly savedBytes: number;
  /** Missing where the technique can't take the layer, for this reason. */
  readonly kldMean?: number;
  readonly kldMeanCi95?: Interval;
  readonly pplRatio?: number;
  readonly pplRatioCi95?: Interval;
  readonly reason?: string;
}

export function sensitivityTable(costs: readonly LayerCost[], width: number): string {
  const ranked = rankCosts(costs);
  const column = (heading: string, cell: (cost: LayerCost) => string) => textColumn(heading, ranked.map(cell));
  const names = [
    textColumn(
      'layer',
      ranked.map(({ layer }) => shortName(layer)),
      'left',
    ),
  ];
  const figures = [
    column('KiB saved', ({ savedBytes }) => (savedBytes / 1024).toFixed(0)),
    column('KLD', ({ kldMean }) => digits(kldMean)),
    column('95 %', ({ kldMeanCi95 }) => (kldMeanCi95 ? `${digits(kldMeanCi95.low)}–${digits(kldMeanCi95.high)}` : '')),
    column('KLD/MiB', (cost) => digits(priceOf(cost))),
    column('ppl', ({ pplRatio }) => change(pplRatio)),
    column('95 %', ({ pplRatioCi95: ci }) => (ci ? `${change(ci.low)} to ${change(ci.high)}` : '')),
  ];
  const details = ranked.map(({ reason }) => (reason === undefined ? [] : [`stays f32: ${reason}`]));
  return layOut({ names, figures, details }, width).join('\n');
}

/** Those that can't be compressed last. */
export function rankCosts(costs: readonly LayerCost[]): LayerCost[] {
  return costs.toSorted((a, b) => (priceOf(a) ?? Number.POSITIVE_INFINITY) - (priceOf(b) ?? Number.POSITIVE_INFINITY));
}

/** Divergence a mebibyte saved. */
function priceOf({ kldMean, savedBytes }: LayerCost): number | undefined {
  return kldMean === undefined ? undefined : kldMean / (savedBytes / 2 ** 20);
}

/** `model.layers.3.mlp.up_proj.weight` reads `3.mlp.up_proj`. */
export function shortName(layer: string): string {
  return layer.replace(/^model\.(layers\.)?/, '').replace(/\.weight$/, '');
}

/** Two digits: 0.012, 3.4e-5. */
export function digits(value: number | undefined): string {
  if (value === undefined) return '';
  return Math.abs(value) < 0.001 && value !== 0 ? value.toExponential(1) : value.toPrecision(2);
}

/** 1.0123 reads +1.23 %. */
export function change(ratio: number | undefined): string {
  if (ratio === undefined) return '';
  const percent = 100 * (ratio - 1);
  return `${percent < 0 ? '' : '+'}${percent.toFixed(2)} %`;
}
