// A suite is data: which problems, which families of techniques, in which presets.
import type { Problem } from './problem.ts';
import type { AxisValue, Family } from './technique.ts';

export type PresetName = 'smoke' | 'quick' | 'nightly';

export interface Block {
  readonly presets: readonly PresetName[];
  readonly problems: readonly Problem[];
  readonly families: readonly Family[];
  /** Values an axis is narrowed to, in every technique that has it; axes not named keep all their values. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
}

export interface Suite {
  readonly summary: string;
  readonly blocks: readonly Block[];
}

export function defineSuite(suite: Suite): Suite {
  return suite;
}
