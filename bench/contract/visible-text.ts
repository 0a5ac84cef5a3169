// Text that kernels, files and drivers bring along, made safe to show. A terminal obeys escape sequences, and a mark that
// turns the direction of writing makes a name read as another one; both are shown as what they are.

/** Control and format characters, halves of a surrogate pair, private use, line and paragraph separators. */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** Every character that a terminal or a page would obey instead of showing it, written as `\u{1b}`. */
export function visibleText(text: string): string {
  return text.replace(OBEYED, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}

/** Characters of a sentence that is shown or kept: what matters stands at its beginning. */
export const MAX_SENTENCE = 400;

/** The text on one line, visible, and cut where it is longer than a person would read. */
export function visibleSentence(text: string, limit = MAX_SENTENCE): string {
  // Escaping only makes text longer, so that a little more than the limit is all that need be looked at.
  const beginning = text
    .slice(0, 2 * limit)
    .replace(/\s+/g, ' ')
    .trim();
  const sentence = visibleText(beginning);
  if (sentence.length <= limit && text.length <= 2 * limit) return sentence;
  const more = ` … (${text.length} characters)`;
  // Copied, or the short text would keep the long one in memory.
  return `${Array.from(sentence.slice(0, limit - more.length)).join('')}${more}`.toWellFormed();
}
