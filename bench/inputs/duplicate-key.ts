const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_BRACE, CLOSE_BRACE] = [0x7b, 0x7d];
const [OPEN_BRACKET, CLOSE_BRACKET] = [0x5b, 0x5d];

/**
 * The first key that a JSON object gives twice at its top level, which `JSON.parse` hides by keeping the last. `json` must
 * be the text of an object whose values are objects, so that every string at the top level is a key. Strings may be as
 * long as the text: they are walked through, since a regular expression runs out of stack on them.
 */
export function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    else if (code === QUOTE) {
      const end = endOfString(json, i);
      if (depth === 1) {
        const key: string = JSON.parse(json.slice(i, end + 1));
        if (seen.has(key)) return key;
        seen.add(key);
      }
      i = end;
    }
  }
  return undefined;
}

/** Place of the quote that closes the string whose opening quote stands at `start`. */
function endOfString(json: string, start: number): number {
  let i = start + 1;
  while (json.charCodeAt(i) !== QUOTE) i += json.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}
