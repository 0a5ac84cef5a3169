const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]]/g;

/**
 * The first key that a JSON object gives twice at its top level, which `JSON.parse` hides by keeping the last. `json` must
 * be the text of an object whose values are objects, so that every string at the top level is a key.
 */
export function duplicateKey(json: string): string | undefined {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1) {
      const key: string = JSON.parse(token);
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return undefined;
}
