/** So many questions at once keep a server busy, and few answers in memory. */
const AT_ONCE = 100;

export function* inParts<T>(all: readonly T[], size = AT_ONCE): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size);
}
