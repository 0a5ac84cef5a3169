// Whether two runs were asked for the same: only then is a case that one of them lacks a case that vanished.
import { isDeepStrictEqual } from 'node:util';
import { suiteName } from '../contract/suite.ts';
import type { Manifest } from './manifest.ts';

/** What a run was to measure, as far as its files tell. */
export interface AskedRun {
  /** Undefined where the CSV stands alone. */
  readonly manifest: Pick<Manifest, 'arguments' | 'weights_sha256'> | undefined;
  readonly caseIds: ReadonlySet<string>;
}

/** Of two runs without a word on what was asked, the share of all their cases that both must have. */
const MIN_COMMON = 0.5;

/** Which cases, on which inputs, and in what kind of process. Where a run has no manifest, its cases must do. */
export function isAskedAlike(one: AskedRun, other: AskedRun): boolean {
  if (one.manifest === undefined || other.manifest === undefined) return commonShare(one, other) >= MIN_COMMON;
  const hashes = [one.manifest.weights_sha256, other.manifest.weights_sha256];
  const isSameFile = hashes.includes(undefined) || hashes[0] === hashes[1];
  return isSameFile && isDeepStrictEqual(requestOf(one.manifest), requestOf(other.manifest));
}

/**
 * Folders and files lie elsewhere on every machine, so of these only whether they were given; a machine's threads divide
 * rows, not runs; and more rounds or a longer patience make no other cases.
 */
function requestOf({ arguments: asked }: NonNullable<AskedRun['manifest']>) {
  const { preset, axes, m, shape, layers, scale, context, kernels, seed, inProcess, browser, shard } = asked;
  const { headed, isVisitor } = browser;
  const chosen = [asked.suite.map(suiteName), asked.technique, asked.backend, asked.filter].map((names) =>
    names.toSorted(),
  );
  const files = [asked.weights, asked.model, asked.text, asked.calibration, asked.plan];
  const given = { files: files.map((file) => file !== undefined), kernels: kernels.length };
  return { preset, chosen, axes, m, shape, layers, scale, context, seed, inProcess, headed, isVisitor, shard, given };
}

function commonShare({ caseIds: one }: AskedRun, { caseIds: other }: AskedRun): number {
  return one.intersection(other).size / one.union(other).size;
}
