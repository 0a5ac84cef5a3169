// Divergence beside bytes saved, a point a layer, as SVG: what lies far right and low is compressed first.
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type LayerCost, shortName } from './sensitivity-table.ts';

interface Point {
  readonly layer: string;
  /** `q_proj`, `down_proj`, …: layers of a kind are as large as each other. */
  readonly kind: string;
  readonly savedKib: number;
  readonly kld: number;
  readonly low: number;
  readonly high: number;
}

/** The axis is logarithmic: what is smaller is drawn here, and so is the end of an interval that reaches 0. */
const LEAST_KLD = 1e-7;

export async function plotSensitivity(title: string, costs: readonly LayerCost[]): Promise<string> {
  return new View(parse(compile(chart(title, costs.flatMap(pointOf))).spec), { renderer: 'none' }).toSVG();
}

function pointOf({ layer, savedBytes, kldMean, kldMeanCi95 }: LayerCost): Point[] {
  if (kldMean === undefined) return [];
  const drawn = (kld: number) => Math.max(LEAST_KLD, kld);
  const { low, high } = kldMeanCi95 ?? { low: kldMean, high: kldMean };
  const name = shortName(layer);
  const kind = name.split('.').pop() ?? name;
  return [{ layer: name, kind, savedKib: savedBytes / 1024, kld: drawn(kldMean), low: drawn(low), high: drawn(high) }];
}

function chart(title: string, points: readonly Point[]): TopLevelSpec {
  const x = { field: 'savedKib', type: 'quantitative', axis: { title: 'KiB saved' }, scale: { zero: false } } as const;
  const y = (field: string) =>
    ({ field, type: 'quantitative', axis: { title: 'KLD, nats a token' }, scale: { type: 'log' } }) as const;
  const color = { field: 'kind', type: 'nominal', title: 'layer' } as const;
  return {
    title,
    width: 720,
    height: 440,
    background: 'white',
    data: { values: [...points] },
    layer: [
      { mark: { type: 'rule', opacity: 0.5 }, encoding: { x, y: y('low'), y2: { field: 'high' }, color } },
      { mark: { type: 'point', filled: true, size: 60 }, encoding: { x, y: y('kld'), color } },
      {
        mark: { type: 'text', dx: 7, align: 'left', fontSize: 9 },
        encoding: { x, y: y('kld'), text: { field: 'layer', type: 'nominal' }, color },
      },
    ],
  };
}
