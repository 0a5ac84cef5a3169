// Which code measures: rows of one run are of one commit, and of one code of each technique.
import { z } from 'zod';
import { gitState } from '../run/git-state.ts';
import { hashTechniques } from '../run/prepare-run.ts';

export const CodeVersion = z.object({
  /** With a plus where files were changed. */
  commit: z.string(),
  /** By technique. */
  hashes: z.record(z.string(), z.string()),
});
export type CodeVersion = z.infer<typeof CodeVersion>;

/** Of this checkout. */
export function ownCommit(): string {
  const state = gitState();
  return state === undefined ? 'unknown' : `${state.commit}${state.dirty ? '+' : ''}`;
}

/** Of some techniques of this checkout and the folders. */
export function hashesOf(techniques: Iterable<string>, kernels: readonly string[]): CodeVersion['hashes'] {
  const all = hashTechniques(kernels);
  return Object.fromEntries([...new Set(techniques)].toSorted().map((id) => [id, all.get(id) ?? 'none']));
}

/** Short enough to read. */
export function shortCommit(commit: string): string {
  return commit.replace(/^([0-9a-f]{10})[0-9a-f]*/, '$1');
}
