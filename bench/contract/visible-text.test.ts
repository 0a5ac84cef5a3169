import { expect, test } from 'vitest';
import { MAX_SENTENCE, visibleSentence, visibleText } from './visible-text.ts';

test.each([
  ['an escape sequence', 'a\x1b[31mred\x1b[0m', 'a\\u{1b}[31mred\\u{1b}[0m'],
  ['one of a single byte', 'a\x9b2J', 'a\\u{9b}2J'],
  ['NUL, bell and backspace', '\0\x07\b', '\\u{0}\\u{7}\\u{8}'],
  ['a line end', 'a\r\nb', 'a\\u{d}\\u{a}b'],
  ['a right-to-left override', 'fc\u202egpj.exe', 'fc\\u{202e}gpj.exe'],
  ['an isolate and a mark', '\u2066x\u200f', '\\u{2066}x\\u{200f}'],
  ['a character of no width', 'w\u200be', 'w\\u{200b}e'],
  ['half of a surrogate pair', 'x\ud800y', 'x\\u{d800}y'],
  ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
])('%s is shown instead of obeyed', (_, text, shown) => {
  expect(visibleText(text)).toBe(shown);
  expect(visibleText(shown)).toBe(shown);
});

test('what is only written is left as it is', () => {
  const text = 'Größe 2⁻²⁴ · ≥ 權重 שלום 🙂 \\d "x", 3 %';
  expect(visibleText(text)).toBe(text);
});

test('a sentence stands on one line', () => {
  expect(visibleSentence('  must be finite,\n\tgot NaN ')).toBe('must be finite, got NaN');
});

test('a long one is cut, says how long it was, and is not cut again', () => {
  const cut = visibleSentence('é'.repeat(50_000_000));
  expect(cut.length).toBeLessThanOrEqual(MAX_SENTENCE);
  expect(cut).toMatch(/^é{300,} … \(50000000 characters\)$/);
  expect(visibleSentence(cut)).toBe(cut);
  expect(visibleSentence('\0'.repeat(MAX_SENTENCE)).length).toBeLessThanOrEqual(MAX_SENTENCE);
  expect(visibleSentence('🙂'.repeat(1000)).isWellFormed()).toBe(true);
});
