// A case is one point of a suite: its id is its parameters, and is what rows of different runs are joined by.

import type { Case } from '../contract/case.ts';
import { operationOf } from '../contract/operations.ts';
import type { Problem } from '../contract/problem.ts';
import { problemKey, spell } from '../contract/problem-key.ts';
import type { Block, PresetName, Suite } from '../contract/suite.ts';
import { type Axes, type AxisValue, type Params, paramGrid, type Technique } from '../contract/technique.ts';
import { coversPairs } from './pairwise.ts';

export interface CaseSelection {
  readonly suites: ReadonlyMap<string, Suite>;
  readonly techniques: ReadonlyMap<string, Technique>;
  /** Backends a block may ask for, and those it gets where it asks for none. */
  readonly backends: readonly string[];
  readonly defaultBackends: readonly string[];
  /** Those asked for by name. */
  readonly namedBackends?: readonly string[];
  /** Techniques that no block leaves out by naming others: those of the user, and those asked for by name. */
  readonly alwaysMeant?: ReadonlySet<string>;
  readonly preset: PresetName;
  readonly seed: number;
  /** Values that take the place of those a block narrows an axis to. */
  readonly axes?: Readonly<Record<string, readonly AxisValue[]>>;
  /** Problems that take the place of each of a block's own, such as weights out of the user's file. */
  readonly replace?: (problem: Problem) => Problem[];
}

/** All cases of the selection, each id once, problem by problem so that a run can be read while it grows. */
export function expandCases(selection: CaseSelection): Case[] {
  const cases = new Map<string, Case>();
  for (const [id, suite] of selection.suites) {
    for (const block of suite.blocks) {
      if (!block.presets.includes(selection.preset)) continue;
      const backends = backendsOf(suite, block, selection);
      for (const entry of expandBlock(id, block, backends, selection)) cases.set(entry.id, entry);
    }
  }
  return [...cases.values()];
}

function backendsOf(
  { takesNamedBackends }: Suite,
  block: Block,
  { backends, defaultBackends, namedBackends = [] }: CaseSelection,
): readonly string[] {
  if (block.backends === undefined || (takesNamedBackends && namedBackends.length > 0)) return defaultBackends;
  return backends.filter((backend) => block.backends?.includes(backend));
}

function expandBlock(suite: string, block: Block, backends: readonly string[], selection: CaseSelection): Case[] {
  const problems = distinct(block.problems.flatMap((problem) => selection.replace?.(problem) ?? [problem]));
  return problems.flatMap((problem, index) =>
    [...selection.techniques].flatMap(([id, technique]) => {
      if (technique.op !== operationOf(problem.op).layerOp || !block.families.includes(technique.family)) return [];
      if (!isAmong(block.techniques, id, problem, selection.alwaysMeant)) return [];
      const grid =
        planOf(problem, id) ??
        paramsOf(technique, { ...block.axes, ...selection.axes }, operationOf(problem.op).choices);
      const seeded = { ...problem, seed: selection.seed };
      const isWanted = (params: Params, backend: string) =>
        block.cover !== 'pairs' ||
        coversPairs({ technique: id, params, backend, problem, index, problems: problems.length });
      return grid.flatMap((params) => {
        const places = backends.filter((backend) => isWanted(params, backend));
        return places.map((backend) => makeCase(suite, id, params, backend, seeded));
      });
    }),
  );
}

function isAmong(
  names: Block['techniques'],
  id: string,
  { op }: Problem,
  alwaysMeant: CaseSelection['alwaysMeant'],
): boolean {
  return names === undefined || names.includes(id) || id === operationOf(op).baseline || alwaysMeant?.has(id) === true;
}

/** Several problems of a block may have been replaced by the same one. */
function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.op} ${problemKey(problem)}`, problem])).values()];
}

/** Every combination of the axes' values, where some are narrowed to those that are named. */
export function paramsOf(technique: Technique, narrowed: Block['axes'], ofOperation: Axes = {}): Params[] {
  const chosen = { axes: technique.axes, choices: { ...technique.choices, ...ofOperation } };
  return paramGrid(narrowAxes(chosen, narrowed)).map((params) => withoutNeutral(params, chosen));
}

function narrowAxes({ axes, choices = {} }: Pick<Technique, 'axes' | 'choices'>, narrowed: Block['axes'] = {}) {
  return Object.fromEntries(
    Object.entries({ ...axes, ...choices }).map(([axis, values]) => {
      const asked = narrowed[axis]?.filter((value) => values.includes(value));
      return [axis, asked ?? (axis in choices ? values.slice(0, 1) : values)];
    }),
  );
}

/** A choice that changes nothing is not spelled: ids stay as they were before there was the choice. */
function withoutNeutral(params: Params, { choices = {} }: Pick<Technique, 'choices'>): Params {
  return Object.fromEntries(Object.entries(params).filter(([axis, value]) => choices[axis]?.[0] !== value));
}

/** Where each layer has a technique of its own, one case stands for them: the uncompressed one with the plan as its parameter. */
function planOf(problem: Problem, technique: string): Params[] | undefined {
  if (problem.op !== 'model' || problem.plan === undefined) return undefined;
  return technique === operationOf(problem.op).baseline ? [{ plan: problem.plan.name }] : [];
}

function makeCase(suite: string, technique: string, params: Params, backend: string, problem: Problem): Case {
  return {
    id: caseId(suite, technique, params, backend, problem),
    suite,
    technique,
    params,
    backend,
    problem,
    baselineId: caseId(suite, operationOf(problem.op).baseline, {}, backend, problem),
  };
}

function caseId(suite: string, technique: string, params: Params, backend: string, problem: Problem): string {
  return [suite, technique, backend, [problemKey(problem), spell(params)].filter(Boolean).join(',')].join(':');
}
