// From what was asked to the cases: names are looked up, and a wrong one is answered with the nearest right ones.
import { distance } from 'fastest-levenshtein';
import { backendOf, backends } from '../backends/backend.ts';
import type { Case } from '../contract/case.ts';
import { matchesFilter } from '../contract/case-filter.ts';
import { InputError } from '../contract/input-error.ts';
import { operationChoices } from '../contract/operations.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { isSuitePath, mustBeNamed, type Suite } from '../contract/suite.ts';
import type { Axes, Technique } from '../contract/technique.ts';
import { isOfModels } from '../inputs/chosen-model.ts';
import { chosenProblems } from '../inputs/chosen-problems.ts';
import { isValue, valuesOfAxes } from './axis-values.ts';
import { expandCases } from './case.ts';
import { KERNELS_DIR, loadOwnSuites, loadSuites, loadTechniques, techniqueFiles } from './registry.ts';

export interface Selection {
  readonly cases: readonly Case[];
  readonly techniques: ReadonlyMap<string, Technique>;
  /** Values that were asked for, as techniques spell them. */
  readonly axes: RunArguments['axes'];
  /** What was asked for and is not among the cases, and why. */
  readonly notes: readonly string[];
}

/** What of a run's arguments says which cases are meant. */
export type CaseChoice = Omit<RunArguments, 'timeout' | 'inProcess' | 'threads' | 'browser'>;

/** The cases a request comes to, never none. Throws InputError on an unknown name or a filter that matches nothing. */
export async function selectCases(request: CaseChoice): Promise<Selection> {
  const allSuites = await loadSuites();
  const allTechniques = await loadTechniques(kernelsDirs(request.kernels));
  // What is asked of models speaks of their suites.
  const ofModels = request.draft === undefined ? 'models' : 'generate';
  const wanted = request.suite.length === 0 && isOfModels(request) ? [ofModels] : request.suite;
  const [paths, names] = [wanted.filter(isSuitePath), wanted.filter((name) => !isSuitePath(name))];
  const named = paths.length > 0 && names.length === 0 ? [] : chooseKeys('suite', names, allSuites);
  const ours = [...named].filter(([, suite]) => wanted.length > 0 || !mustBeNamed(suite, request.preset));
  const theirs = await loadOwnSuites(paths);
  for (const [id, suite] of theirs) assertKnownNames(id, suite, allTechniques);
  const suites = new Map([...ours, ...theirs]);
  const techniques = chooseKeys('technique', request.technique, allTechniques);
  const axes = request.axes && chooseAxes(request.axes, allTechniques, operationChoices);
  const chosenBackends = chooseNames(
    'backend',
    request.backend,
    backends.map((backend) => backend.id),
  );
  const chosen = chosenProblems(request);
  const cases = expandCases({
    suites,
    techniques,
    backends: chosenBackends,
    defaultBackends: chosenBackends.filter((id) => request.backend.length > 0 || !backendOf(id).onlyWhenNamed),
    namedBackends: request.backend,
    alwaysMeant: new Set([...request.technique, ...ownIds(allTechniques)]),
    preset: request.preset,
    seed: request.seed,
    axes,
    replace: chosen?.problems,
  });
  if (cases.length === 0) {
    throw new InputError(
      `--preset ${request.preset}: must leave some cases, got none of ${describeChoice(request)}; ${whereToLook(request)}`,
    );
  }
  const filtered = cases.filter(
    ({ id }) => request.filter.length === 0 || request.filter.some((f) => matchesFilter(id, f)),
  );
  if (filtered.length === 0) {
    throw new InputError(
      `--filter: must match one of ${cases.length} case ids, got ${request.filter.join(', ')}; \`tare list cases\` shows them`,
    );
  }
  return { cases: filtered, techniques, axes, notes: chosen?.notes ?? [] };
}

function assertKnownNames(id: string, { blocks }: Suite, techniques: ReadonlyMap<string, Technique>): void {
  const known = { techniques: [...techniques.keys()], backends: backends.map((backend) => backend.id) };
  for (const field of ['techniques', 'backends'] as const) {
    const strange = blocks.flatMap((block) => block[field] ?? []).find((name) => !known[field].includes(name));
    if (strange !== undefined) throw unknownName(`suite ${id}: ${field}`, strange, known[field]);
  }
}

/** Of techniques that tare doesn't bring. */
function ownIds(techniques: ReadonlyMap<string, Technique>): string[] {
  const shipped = techniqueFiles([KERNELS_DIR]);
  return [...techniques.keys()].filter((id) => !shipped.has(id));
}

/** tare's own techniques, then those of the folders the user names. */
export function kernelsDirs(folders: readonly string[]): string[] {
  return [KERNELS_DIR, ...folders];
}

function chooseKeys<T>(flag: string, asked: readonly string[], known: ReadonlyMap<string, T>): Map<string, T> {
  const chosen = new Set(chooseNames(flag, asked, [...known.keys()]));
  return new Map([...known].filter(([name]) => chosen.has(name)));
}

/** All known names where none is asked for. */
export function chooseNames<Name extends string>(
  flag: string,
  asked: readonly string[],
  known: readonly Name[],
): Name[] {
  for (const name of asked) {
    if (!known.some((other) => other === name)) throw unknownName(`--${flag}`, name, known);
  }
  return known.filter((name) => asked.length === 0 || asked.includes(name));
}

/** Throws InputError on an axis or a value that no technique has. */
export function chooseAxes(
  asked: NonNullable<RunArguments['axes']>,
  techniques: ReadonlyMap<string, Technique>,
  ofOperations: Axes = {},
): NonNullable<RunArguments['axes']> {
  const known = valuesOfAxes(techniques.values(), ofOperations);
  const chosen = Object.entries(asked).map(([axis, typed]) => {
    const values = known.get(axis);
    if (values === undefined) throw unknownName('--axis', axis, [...known.keys()]);
    const strange = typed.find((one) => !values.some((value) => isValue(value, one)));
    if (strange !== undefined) {
      throw new InputError(`--axis ${axis}: must be one of ${values.join(', ')}, got ${strange}`);
    }
    return [axis, values.filter((value) => typed.some((one) => isValue(value, one)))] as const;
  });
  return Object.fromEntries(chosen);
}

export function unknownName(subject: string, name: string, known: readonly string[]): InputError {
  return new InputError(
    `${subject}: must be one of tare's, got ${name || 'an empty name'}; nearest: ${nearest(name, known).join(', ')}`,
  );
}

const NEAREST = 3;

/** Names that contain what was typed first, then by the letters that differ. */
function nearest(name: string, known: readonly string[]): string[] {
  const cost = (other: string) => (other.includes(name) ? 0 : distance(name, other));
  return known.toSorted((a, b) => cost(a) - cost(b)).slice(0, NEAREST);
}

function describeChoice({ suite, technique, backend, axes = {} }: CaseChoice): string {
  const named = Object.entries({ suite, technique, backend }).filter(([, names]) => names.length > 0);
  const flags = named.map(([flag, names]) => `--${flag} ${names.join(',')}`);
  const narrowed = Object.entries(axes).map(([axis, values]) => `--axis ${axis}=${values.join(',')}`);
  return [...flags, ...narrowed].join(' ') || 'all suites';
}

function whereToLook({ axes }: CaseChoice): string {
  return axes === undefined
    ? "`tare list suites` shows each suite's presets"
    : "`tare list techniques` shows each technique's axes and choices";
}
