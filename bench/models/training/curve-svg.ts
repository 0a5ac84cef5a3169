// The losses of a run over the tokens it learnt from, as a picture.
import type { LogEntry } from './training-run.ts';

const [WIDTH, HEIGHT, MARGIN] = [640, 320, 48];
const LINES = [
  { key: 'loss', label: 'training', color: '#9aa5b1' },
  { key: 'heldOut', label: 'held out', color: '#1f5fbf' },
] as const;

export function curveSvg(log: readonly LogEntry[]): string {
  const losses = log.flatMap(({ loss, heldOut }) => [loss, heldOut]);
  const [low, high] = [Math.floor(2 * Math.min(...losses)) / 2, Math.ceil(2 * Math.max(...losses)) / 2];
  const last = Math.max(...log.map(({ tokens }) => tokens));
  const x = (tokens: number) => MARGIN + (tokens / last) * (WIDTH - 2 * MARGIN);
  const y = (loss: number) => HEIGHT - MARGIN - ((loss - low) / (high - low)) * (HEIGHT - 2 * MARGIN);
  const text = (at: number, height: number, anchor: string, content: string, color = '#52606d') =>
    `<text x="${at.toFixed(1)}" y="${height.toFixed(1)}" text-anchor="${anchor}" fill="${color}">${content}</text>`;
  const ticks = Array.from({ length: 2 * (high - low) + 1 }, (_, i) => low + i / 2);
  const grid = ticks.flatMap((loss) => [
    `<path d="M${MARGIN} ${y(loss).toFixed(1)}H${WIDTH - MARGIN}" stroke="#e4e7eb"/>`,
    text(MARGIN - 6, y(loss) + 4, 'end', loss.toFixed(1)),
  ]);
  const lines = LINES.flatMap(({ key, label, color }, i) => {
    const points = log.map((entry) => `${x(entry.tokens).toFixed(1)},${y(entry[key]).toFixed(1)}`).join(' ');
    return [
      `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2"/>`,
      text(WIDTH - MARGIN, MARGIN - 8 - 16 * i, 'end', label, color),
    ];
  });
  const axis = text(WIDTH / 2, HEIGHT - 12, 'middle', `tokens seen, up to ${(last / 1e6).toFixed(1)} million`);
  const title = text(MARGIN - 6, 20, 'start', 'loss in nats per token');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<title>Loss over tokens, in training and held out</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${[...grid, ...lines, axis, title].join('\n')}
</svg>
`;
}
