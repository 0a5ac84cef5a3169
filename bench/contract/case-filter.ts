// How people name cases: by a part of their ids, or by a pattern.

/** Substring of the id, or with `*` and `?` a pattern for all of it. */
export function matchesFilter(id: string, filter: string): boolean {
  if (!/[*?]/.test(filter)) return id.includes(filter);
  const pattern = filter
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${pattern}$`).test(id);
}
