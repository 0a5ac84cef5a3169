// What a reader must know of rows whose figures look like any other's, in lines below the tables.
import type { ResultRow } from '../results/columns.ts';
import { problemTitle, techniqueLabel } from '../results/row-labels.ts';

const MOST_LINES = 10;
const MOST_NAMES = 3;

/** A line for each caveat: whose rows have it, on which problem or how many, and what it says. */
export function caveatLines(rows: readonly ResultRow[]): string[] {
  const withCaveat = rows.filter((row) => row.caveat !== undefined);
  const lines = [...Map.groupBy(withCaveat, (row) => row.caveat)].map(([caveat, group]) => {
    return `${listed(group.map(techniqueLabel), 'techniques')}, ${listed(group.map(problemTitle), 'problems', 1)}: ${caveat}`;
  });
  const rest = lines.length - MOST_LINES;
  return rest > 0 ? [...lines.slice(0, MOST_LINES), `… and ${rest} more caveats in the CSV`] : lines;
}

/** Each name once, or how many there are where they are more than `most`. */
function listed(names: readonly string[], plural: string, most = MOST_NAMES): string {
  const distinct = [...new Set(names)];
  return distinct.length > most ? `${distinct.length} ${plural}` : distinct.join(', ');
}
