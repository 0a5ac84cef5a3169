// A chart as one SVG file: its title, its sentence, its legend and all of its panels on white.
import { type Chart, drawPanel, type Panel, widthOf } from './chart.ts';
import { legendMark } from './legend.ts';
import { escapeMarkup } from './markup.ts';
import { textureDefinitions } from './textures.ts';

const MARGIN = 24;
/** Panels stand beside each other up to this width. */
const WIDTH = 1240;
const GAP = 18;
const LINE = 17;
const TITLE_HEIGHT = 22;

interface Drawn {
  readonly markup: string;
  readonly width: number;
  readonly height: number;
}

export async function chartSvg(chart: Chart, minWidth = 640): Promise<string> {
  const drawn: Drawn[][] = [];
  for (const { title, panels } of chart.groups) {
    const own = await Promise.all(panels.map(drawTitled));
    if (title !== '') drawn.push([textBlock(title, { size: 14, weight: 600 })]);
    drawn.push(own);
  }
  const wanted = Math.max(minWidth, ...drawn.flat().map(({ width }) => width));
  const width = Math.max(wanted, Math.min(WIDTH, widestRow(drawn)));
  const blocks = [
    textBlock(chart.title, { size: 17, weight: 600 }),
    ...wrapped(chart.sentence, width).map((line) => textBlock(line, { size: 12 })),
    ...wrapped(chart.reading, width).map((line) => textBlock(line, { size: 11, colour: '#5a5f69' })),
    ...legendBlock(chart),
    ...drawn.flatMap((group) => rowsOf(group, width)),
  ];
  let y = MARGIN;
  const placed = blocks.map(({ markup, height }) => {
    const markupAt = `<g transform="translate(${MARGIN} ${y})">${markup}</g>`;
    y += height;
    return markupAt;
  });
  const size = `width="${width + 2 * MARGIN}" height="${y + MARGIN}" viewBox="0 0 ${width + 2 * MARGIN} ${y + MARGIN}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" aria-label="${escapeMarkup(`${chart.title}: ${chart.sentence}`)}" ${size}>${textureDefinitions()}<rect width="100%" height="100%" fill="white"/>${placed.join('')}</svg>\n`;
}

async function drawTitled(panel: Panel): Promise<Drawn> {
  const svg = await drawPanel(panel);
  const [width, height] = ['width', 'height'].map((name) => Number(new RegExp(`${name}="([\\d.]+)"`).exec(svg)?.[1]));
  const title = textBlock(panel.title, { size: 12, weight: 600 });
  const markup = `${title.markup}<g transform="translate(0 ${TITLE_HEIGHT})">${svg}</g>`;
  return { markup, width: Math.max(width, title.width), height: height + TITLE_HEIGHT + GAP };
}

interface TextStyle {
  readonly size: number;
  readonly weight?: number;
  readonly colour?: string;
}

function textBlock(text: string, { size, weight = 400, colour = '#1c1e22' }: TextStyle): Drawn {
  const markup = `<text y="${size}" font-family="sans-serif" font-size="${size}" font-weight="${weight}" fill="${colour}">${escapeMarkup(text)}</text>`;
  return { markup, width: (widthOf(text) * size * (weight > 400 ? 1.12 : 1)) / 11, height: size + 8 };
}

function wrapped(text: string, width: number): string[] {
  const most = Math.floor(width / widthOf('x'));
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length > most) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines;
}

function legendBlock({ legend }: Chart): Drawn[] {
  if (legend.length === 0) return [];
  let x = 0;
  const entries = legend.map((entry) => {
    const markup = `${legendMark(entry, `x="${x}" y="0"`)}<text x="${x + 19}" y="11" font-family="sans-serif" font-size="11" fill="#1c1e22">${escapeMarkup(entry.label)}</text>`;
    x += 19 + widthOf(entry.label) + 16;
    return markup;
  });
  return [{ markup: entries.join(''), width: x, height: LINE + 10 }];
}

function widestRow(groups: readonly (readonly Drawn[])[]): number {
  return Math.max(...groups.map((group) => group.reduce((sum, { width }) => sum + width + GAP, -GAP)));
}

/** Panels of a group beside each other as far as they fit. */
function rowsOf(group: readonly Drawn[], width: number): Drawn[] {
  const rows: Drawn[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const block of group) {
    if (x + block.width > width) {
      rows.push([]);
      x = 0;
    }
    rows[rows.length - 1].push(block);
    x += block.width + GAP;
  }
  return rows.map((row) => {
    let left = 0;
    const markup = row.map((block) => {
      const at = `<g transform="translate(${left} 0)">${block.markup}</g>`;
      left += block.width + GAP;
      return at;
    });
    return { markup: markup.join(''), width: left, height: Math.max(...row.map(({ height }) => height)) };
  });
}
