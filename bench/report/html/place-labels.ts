// Where names stand beside the marks of a scatter plot, so that none covers another name or mark. A name without room is
// left out: the table beside the chart has them all.

export interface Mark {
  /** Pixels from the left and the top of the plot. */
  readonly x: number;
  readonly y: number;
  /** Undefined for marks that have no name of their own. */
  readonly label?: string;
}

export interface Placed {
  readonly text: string;
  /** `left` stands to the right of its mark, and begins there. */
  readonly align: 'left' | 'right';
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const CHARACTER = 5.3;
const HEIGHT = 11;
const GAP = 8;
const RADIUS = 5;

/** One for each mark; undefined where there is no room. */
export function placeLabels(marks: readonly Mark[], width: number): (Placed | undefined)[] {
  const taken: Box[] = marks.map(({ x, y }) => ({
    left: x - RADIUS,
    right: x + RADIUS,
    top: y - RADIUS,
    bottom: y + RADIUS,
  }));
  return marks.map((mark) => {
    const { label } = mark;
    if (label === undefined) return undefined;
    for (const align of ['left', 'right'] as const) {
      const box = boxOf(mark, label, align);
      if (box.left < 0 || box.right > width || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      return { text: label, align };
    }
    return undefined;
  });
}

function boxOf({ x, y }: Mark, label: string, align: Placed['align']): Box {
  const length = label.length * CHARACTER;
  const left = align === 'left' ? x + GAP : x - GAP - length;
  return { left, right: left + length, top: y - HEIGHT / 2, bottom: y + HEIGHT / 2 };
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
