// Marks with what they stand for.
import type { LegendEntry } from './chart.ts';
import { textureFill } from './textures.ts';

const SIDE = 14;

/** In a square of fourteen pixels. */
const PATHS: Readonly<Record<LegendEntry['shape'], string>> = {
  circle: 'M2 7a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z',
  square: 'M2.5 2.5h9v9h-9z',
  'triangle-up': 'M7 2L12.5 11.5H1.5z',
  'triangle-down': 'M7 12L1.5 2.5H12.5z',
  'triangle-left': 'M2 7L11.5 1.5V12.5z',
  'triangle-right': 'M12 7L2.5 1.5V12.5z',
  diamond: 'M7 1L13 7L7 13L1 7z',
  cross: 'M5 1.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z',
  stroke: 'M5.5 1h3v12h-3z',
};

/** An SVG element, or one of another SVG at the given place. */
export function legendMark({ shape, colour, texture }: LegendEntry, place = ''): string {
  const fill = texture === undefined ? colour : textureFill(texture);
  return `<svg class="mark" ${place} width="${SIDE}" height="${SIDE}" viewBox="0 0 ${SIDE} ${SIDE}" aria-hidden="true"><path d="${PATHS[shape]}" fill="${fill}" stroke="${colour}"/></svg>`;
}
