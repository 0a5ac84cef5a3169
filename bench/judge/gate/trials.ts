// What the gate is put to: comparisons whose right answer is known.
import { rmSync } from 'node:fs';
import { PROJECT } from '../../cases/registry.ts';
import { selectCases } from '../../cases/select.ts';
import type { Case } from '../../contract/case.ts';
import { DEFAULT_SEED } from '../../contract/case.ts';
import { syntheticMatmul } from '../../inputs/model-problems.ts';
import { type CaseOutcome, compareVersions } from '../ab/compare-versions.ts';
import type { ComparedCase, Projects } from '../ab/compared-case.ts';
import { moreWork, oneUlp, type Plant, plantTree } from './planted-tree.ts';

export const parts = ['aa', 'planted', 'aa-load', 'planted-load'] as const;
export type Part = (typeof parts)[number];

export interface Trial {
  readonly part: Part;
  /** Trials of one name are repetitions of one another. */
  readonly name: string;
  readonly number: number;
}

interface Planting {
  readonly plant: Plant;
  readonly technique: string;
  readonly backend: string;
  readonly problem: Case['problem'];
  readonly params: Case['params'];
  readonly expected: 'slower' | 'faster' | 'drift';
  readonly trials: number;
}

/** 200 KiB of weights: what a kernel of this size takes is its arithmetic, and N divides into whole shares. */
const WASM = { technique: 'dense', backend: 'wasm', problem: syntheticMatmul(66, 800, 64), params: {} };
const TS = { technique: 'dense', backend: 'ts', problem: syntheticMatmul(12, 400, 128), params: {} };
const CSR = { technique: 'csr', backend: 'ts', problem: syntheticMatmul(8, 800, 256), params: { sparsity: 0.9 } };

const TRIALS = 20;
const QUICK_TRIALS = 2;

export const plantings: Readonly<Record<string, Planting>> = {
  '3 % more work, dense wasm': { ...WASM, plant: moreWork('dense/wasm', 0.03), expected: 'slower', trials: TRIALS },
  '3 % more work, dense ts': { ...TS, plant: moreWork('dense/ts', 0.03), expected: 'slower', trials: TRIALS },
  '10 % more work, CSR ts': { ...CSR, plant: moreWork('csr/ts', 0.1), expected: 'slower', trials: TRIALS },
  '3 % less work, dense wasm': { ...WASM, plant: moreWork('dense/wasm', 0.03), expected: 'faster', trials: 3 },
  'one ulp in one value, dense ts': { ...TS, plant: oneUlp, expected: 'drift', trials: 1 },
};

/** Backends whose quick preset's cases, 20 each, are held against themselves. */
const EQUAL_BACKENDS = ['ts', 'wasm', 'gpujs-webasm'];

/** In an order that leaves whole sets behind wherever it is cut off. */
export function trialsOf(part: Part, isQuick: boolean): Trial[] {
  if (part === 'aa' || part === 'aa-load') {
    return (isQuick ? EQUAL_BACKENDS.slice(0, 1) : EQUAL_BACKENDS).map((name) => ({ part, name, number: 1 }));
  }
  const named = Object.entries(plantings).flatMap(([name, { trials }]) => {
    const count = isQuick ? Math.min(trials, QUICK_TRIALS) : trials;
    return Array.from({ length: count }, (_, i) => ({ part, name, number: i + 1 }));
  });
  return named.sort((a, b) => a.number - b.number);
}

/** Shorter than `tare ab`'s own, so that a whole gate is done within two hours. */
const GATE_BUDGET = { warmupMs: 20, measureMs: 80, rounds: 1000 };
const TIMEOUT_S = 60;
/** As `tare ab` does by default. */
const PROCESSES = 15;

export async function runTrial(
  trial: Trial,
  isQuick: boolean,
  signal: AbortSignal,
): Promise<CaseOutcome[] | undefined> {
  const planting = plantings[trial.name];
  if (planting === undefined) {
    const projects = { base: PROJECT, head: PROJECT };
    return compare(await equalCases(trial.name, isQuick), projects, trial, signal);
  }
  const tree = plantTree(planting.plant);
  const projects = planting.expected === 'faster' ? { base: tree, head: PROJECT } : { base: PROJECT, head: tree };
  try {
    return await compare([plantedCase(trial.name, planting)], projects, trial, signal);
  } finally {
    rmSync(tree, { recursive: true });
  }
}

function compare(cases: readonly ComparedCase[], projects: Projects, { number }: Trial, signal: AbortSignal) {
  const comparing = {
    projects,
    cases,
    budget: GATE_BUDGET,
    threads: 1,
    seed: number,
    processes: PROCESSES,
    timeoutS: TIMEOUT_S,
  };
  return compareVersions(comparing, { debug: false, signal, onProcess: () => {} });
}

async function equalCases(backend: string, isQuick: boolean): Promise<ComparedCase[]> {
  const { cases, techniques } = await selectCases({
    preset: isQuick ? 'smoke' : 'quick',
    suite: [],
    technique: [],
    backend: [backend],
    filter: [],
    kernels: [],
    seed: DEFAULT_SEED,
  });
  return cases.map((entry) => ({
    case: entry,
    baseParams: entry.params,
    irregularAccess: techniques.get(entry.technique)?.irregularAccess ?? false,
  }));
}

function plantedCase(name: string, { technique, backend, problem, params }: Planting): ComparedCase {
  const id = `gate:${name}`;
  const entry = { id, suite: 'gate', technique, params, backend, problem, baselineId: id };
  return { case: entry, baseParams: params, irregularAccess: technique === 'csr' };
}
