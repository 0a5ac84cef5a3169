// Fills that are told apart without colour: a pattern each, referred to by its id from any SVG of the page.
import { COLOURS } from '../palette.ts';

/** Drawn in a square of six pixels on a thin wash of the colour. */
export const TEXTURES = {
  plain: { colour: COLOURS[0], path: 'M0 0h6v6h-6z', isFilled: true },
  rising: { colour: COLOURS[1], path: 'M-1 1L1 -1M0 6L6 0M5 7L7 5', isFilled: false },
  upright: { colour: COLOURS[2], path: 'M3 0V6', isFilled: false },
  dots: { colour: COLOURS[3], path: 'M2 2h2v2h-2z', isFilled: true },
  level: { colour: COLOURS[5], path: 'M0 3H6', isFilled: false },
} as const;

export type TextureName = keyof typeof TEXTURES;

export function textureFill(name: TextureName): string {
  return `url(#texture-${name})`;
}

/** Stands once in a page or an SVG. */
export function textureDefinitions(): string {
  const patterns = Object.entries(TEXTURES).map(([name, { colour, path, isFilled }]) => {
    const drawn = isFilled ? `fill="${colour}"` : `fill="none" stroke="${colour}" stroke-width="2"`;
    return `<pattern id="texture-${name}" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6" height="6" fill="${colour}" fill-opacity="0.25"/><path d="${path}" ${drawn}/></pattern>`;
  });
  return `<defs>${patterns.join('')}</defs>`;
}
