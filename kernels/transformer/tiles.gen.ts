// Writes the AssemblyScript inner loops of attention against a cache, which are those of kv-cache, and calls of a program.
import { generateTiles as cacheTiles } from '../kv-cache/tiles.gen.ts';
import { MAX_ARGS } from './blocks.ts';

export function generateTiles(NR: number): string {
  return [cacheTiles(NR), callWith()].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function callWith(): string {
  const cases = range(MAX_ARGS + 1).map((count) => {
    const args = range(count).map((i) => `, load<i32>(args, ${4 * i})`);
    return `case ${count}: call_indirect<void>(fn, from, to${args.join('')}); break;`;
  });
  return `// The function of that number in the table, with so many arguments from \`args\` on
export function callWith(fn: i32, from: i32, to: i32, count: i32, args: usize): void {
  switch (count) {
    ${cases.join('\n    ')}
    default: unreachable();
  }
}`;
}
