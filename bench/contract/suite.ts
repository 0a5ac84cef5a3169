// A suite is data: which problems, which families of techniques, in which presets.
import type { Problem } from './problem.ts';
import type { AxisValue, Family } from './technique.ts';

export type PresetName = 'smoke' | 'quick' | 'nightly';

export interface Block {
  readonly presets: readonly PresetName[];
  readonly problems: readonly Problem[];
  readonly families: readonly Family[];
  /** Backends the block is meant for; all of a default run where not said. */
  readonly backends?: readonly string[];
  /** Values an axis is narrowed to, in every technique that has it; axes not named keep all their values. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
}

export interface Suite {
  readonly summary: string;
  /** Left out of runs that don't name it. */
  readonly onlyWhenNamed?: true;
  readonly blocks: readonly Block[];
}

export function defineSuite(suite: Suite): Suite {
  return suite;
}
