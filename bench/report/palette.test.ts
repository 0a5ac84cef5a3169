import { expect, test } from 'vitest';
import { COLOURS, NEUTRAL } from './palette.ts';

/** The grounds of pages and panels, light and dark. */
const GROUNDS = ['#ffffff', '#fbfaf8', '#16181c', '#1f2228'];

/** Relative luminance of WCAG 2.2. */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test.each([...COLOURS, NEUTRAL])('marks of colour %s stand out from every ground, 3:1', (colour) => {
  const contrasts = GROUNDS.map((ground) => {
    const [light, dark] = [luminance(colour), luminance(ground)].toSorted((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  });
  expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(3);
});
