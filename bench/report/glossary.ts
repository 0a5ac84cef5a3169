// The glossary, as docs/glossary.md has it, for a terminal.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { definition } from './text-table.ts';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'glossary.md');

export interface Term {
  /** The heading it stands under. */
  readonly group: string;
  /** All words that the entry explains, one after another. */
  readonly words: string;
  readonly text: string;
}

/** Entries are paragraphs `**words**: text` below headings of the second level. */
export function readGlossary(markdown = readFileSync(FILE, 'utf8')): Term[] {
  let group = '';
  return markdown.split(/\n{2,}/).flatMap((block) => {
    group = /^## (.*)/.exec(block)?.[1] ?? group;
    const entry = /^(\*\*.*?\*\*(?:, \*\*.*?\*\*)*): (.*)$/s.exec(block.trim());
    return entry === null ? [] : [{ group, words: plain(entry[1]), text: plain(entry[2]) }];
  });
}

/** Without the marks that stand for bold and for code. */
function plain(markdown: string): string {
  return markdown.replace(/\*\*|`/g, '').replace(/\s+/g, ' ');
}

/** The entries of a word, in whatever case; none where there is no such word. */
export function lookUp(terms: readonly Term[], word: string): Term[] {
  const wanted = word.toLowerCase();
  const exact = terms.filter(({ words }) => words.toLowerCase().split(', ').includes(wanted));
  return exact.length > 0 ? exact : terms.filter(({ words }) => words.toLowerCase().includes(wanted));
}

export function formatTerms(terms: readonly Term[], width: number): string {
  const groups = [...Map.groupBy(terms, ({ group }) => group)].map(([group, entries]) => {
    // Entries are long, so each stands below its words, where it has the whole width.
    const lines = entries.map(({ words, text }) => definition(`  ${words}`, [text], width, width));
    return [styleText('bold', group), ...lines].join('\n');
  });
  return groups.join('\n\n');
}
