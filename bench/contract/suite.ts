// A suite is data: which problems, which families of techniques, in which presets.
import type { Problem } from './problem.ts';
import type { AxisValue, Family } from './technique.ts';

/** From the quickest to the most thorough. */
export const presetNames = ['smoke', 'quick', 'nightly'] as const;
export type PresetName = (typeof presetNames)[number];

export interface Block {
  readonly presets: readonly PresetName[];
  readonly problems: readonly Problem[];
  readonly families: readonly Family[];
  /**
   * Of those families the techniques it is limited to, beside the baseline, the user's own and those asked for by name; all
   * where not said.
   */
  readonly techniques?: readonly string[];
  /** Backends the block is meant for; all of a default run where not said. */
  readonly backends?: readonly string[];
  /**
   * Values an axis is narrowed to: a technique that has the axis takes those of them that it knows, one that has it not is
   * left as it is. Axes that are not named keep all their values, choices their neutral one.
   */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
  /** Not every technique at every problem on every backend: see bench/cases/pairwise.ts. All of them where not said. */
  readonly cover?: 'pairs';
}

/** Cases that are held against others when a suite has run. */
export interface Comparison {
  /** The way to be small that is weighed: `distillation`. */
  readonly road: string;
  readonly cases: Compared;
  /** What makes the comparison fair. */
  readonly control: Compared;
  readonly by: 'perplexity' | 'speed';
  /** Scored on another text than most, whose perplexities say nothing beside theirs. */
  readonly hasOwnText?: true;
}

export interface Compared {
  /** In a few words: `taught by moby`. */
  readonly is: string;
  /** Text in case ids or a pattern of them, as `--filter` takes it; on each backend the first that matches. */
  readonly filter: string;
  /** The recipe of bench/models/training whose seeds say how far chance carries: that of the row's weights where not said. */
  readonly recipe?: string;
}

export interface Suite {
  readonly summary: string;
  /** Left out of runs that don't name it; or only of those of the presets listed. */
  readonly onlyWhenNamed?: true | readonly PresetName[];
  /** Backends that are named take the place of those that its blocks are meant for. */
  readonly takesNamedBackends?: true;
  readonly blocks: readonly Block[];
  readonly comparisons?: readonly Comparison[];
  /** The case, as a filter names it, over whose perplexity those of comparisons are shown. */
  readonly reference?: string;
}

/** Whether runs of the preset have the suite only where they name it. */
export function mustBeNamed({ onlyWhenNamed = [] }: Suite, preset: PresetName): boolean {
  return onlyWhenNamed === true || onlyWhenNamed.includes(preset);
}

/** Whether `--suite` was given a module or a folder of the user's, and not a name of tare's. */
export function isSuitePath(given: string): boolean {
  return /[\\/]|^\.+$|\.[tj]s$/.test(given);
}

/** What the suite of a module is called. */
export function suiteName(path: string): string {
  return path.replace(/^.*[\\/]/, '').replace(/\.[tj]s$/, '');
}

export function defineSuite(suite: Suite): Suite {
  return suite;
}
