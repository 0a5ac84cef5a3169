// A run of training: goes on from where it stands, says how it fares, and keeps its state every few minutes.
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { type Progress, readProgress, readState, writeCheckpoint } from './checkpoint.ts';
import { type Recipe, runName } from './recipes.ts';
import type { TrainingText } from './text.ts';
import { mean, rateAt, type Trainer } from './trainer.ts';
import { batchesOf, cutWindows } from './windows.ts';

export interface RunSettings {
  readonly steps: number;
  /** The last steps, over which the rate falls to 0. */
  readonly decay: number;
  readonly checkpoints: string;
  readonly minutesBetweenCheckpoints: number;
  print(line: string): void;
  isStopped(): boolean;
}

/** A line of the log: losses in nats per token. */
export interface LogEntry {
  readonly step: number;
  readonly tokens: number;
  readonly rate: number;
  readonly loss: number;
  readonly heldOut: number;
  /** Of the steps since the line before, on the machine that did them. */
  readonly tokensPerSecond?: number;
  /** What the teacher took of that time. */
  readonly teacherShare?: number;
}

const LATEST = 'latest.checkpoint';
const BEFORE_DECAY = 'before-decay.checkpoint';
const LOG = 'log.jsonl';
const STEPS_BETWEEN_LINES = 50;
const STEPS_BETWEEN_EVALUATIONS = 250;

/** Returns how many steps are done: fewer than were asked for where it was stopped. */
export async function runTraining(
  recipe: Recipe,
  seed: number,
  text: TrainingText,
  trainer: Trainer,
  firstStep: number,
  { steps, decay, checkpoints, minutesBetweenCheckpoints, print, isStopped }: RunSettings,
): Promise<number> {
  const { config, batch, optimizer } = recipe;
  const batchSize = batch.shards * batch.sequences;
  const tokensPerStep = batchSize * config.contextLength;
  const batchAt = batchesOf(text.train, config.contextLength, batchSize, seed);
  const heldOutWindows = cutWindows(text.heldOut, config.contextLength);
  const log = keptLog(checkpoints, firstStep);
  const save = (file: string, step: number) =>
    writeCheckpoint(
      join(checkpoints, file),
      { model: runName(recipe, seed), step, steps, decay, sha256: text.sha256 },
      trainer.state,
    );
  const speedOf = (ms: readonly number[]) => Math.round((1000 * tokensPerStep) / meanOf(ms));
  const losses: number[] = [];
  const times: number[] = [];
  const teacherShares: number[] = [];
  let saveTime = performance.now();
  if (firstStep === 0 && recipe.start !== undefined) {
    const heldOut = mean(await trainer.losses(heldOutWindows));
    appendFileSync(log, `${JSON.stringify({ step: 0, tokens: 0, rate: 0, loss: heldOut, heldOut })}\n`);
    print(`held-out loss ${heldOut.toFixed(4)} before the first step`);
  }
  for (let step = firstStep; step < steps; step++) {
    if (isStopped()) {
      save(LATEST, step);
      return step;
    }
    if (step === steps - decay) save(BEFORE_DECAY, step);
    const rate = rateAt(step, optimizer, steps, decay);
    const start = performance.now();
    const { loss, gradientNorm, teacherShare } = await trainer.step(batchAt(step), step, rate);
    times.push(performance.now() - start);
    losses.push(loss);
    teacherShares.push(teacherShare);
    const done = step + 1;
    if (done % STEPS_BETWEEN_LINES === 0) {
      const speed = speedOf(times.slice(-STEPS_BETWEEN_LINES));
      const teacherTime = recipe.teacher === undefined ? '' : `, ${Math.round(100 * teacherShare)} % of it the teacher`;
      const recent = meanOf(losses.slice(-STEPS_BETWEEN_LINES));
      const line = `step ${done}/${steps}  loss ${recent.toFixed(4)}  norm ${gradientNorm.toFixed(2)}`;
      print(`${line}  rate ${rate.toExponential(2)}  ${speed} tokens/s${teacherTime}`);
    }
    if (done % STEPS_BETWEEN_EVALUATIONS === 0 || done === steps) {
      const heldOut = mean(await trainer.losses(heldOutWindows));
      const loss = meanOf(losses.splice(0));
      const tokensPerSecond = speedOf(times.splice(0));
      const share = Number(meanOf(teacherShares.splice(0)).toFixed(3));
      const taught = recipe.teacher === undefined ? {} : { teacherShare: share };
      const entry = { step: done, tokens: done * tokensPerStep, rate, loss, heldOut, tokensPerSecond, ...taught };
      appendFileSync(log, `${JSON.stringify(entry)}\n`);
      print(`step ${done}/${steps}  held-out loss ${heldOut.toFixed(4)}  perplexity ${Math.exp(heldOut).toFixed(3)}`);
    }
    if (done === steps || performance.now() - saveTime > minutesBetweenCheckpoints * 60_000) {
      save(LATEST, done);
      saveTime = performance.now();
    }
  }
  return Math.max(steps, firstStep);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** The log up to a step: what a killed run wrote beyond its last checkpoint is done once more. */
function keptLog(checkpoints: string, step: number): string {
  mkdirSync(checkpoints, { recursive: true });
  const path = join(checkpoints, LOG);
  const kept = readLog(checkpoints).filter((entry) => entry.step <= step);
  writeFileSync(path, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  return path;
}

export function readLog(checkpoints: string): LogEntry[] {
  const path = join(checkpoints, LOG);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/**
 * Fills the state from a checkpoint and returns the steps that were done. A run whose rate was falling towards another end
 * goes on from before its fall. Throws InputError where it can't go on.
 */
export function resumeTraining(
  checkpoints: string,
  state: readonly Float32Array[],
  run: Omit<Progress, 'step'>,
): number {
  const latest = join(checkpoints, LATEST);
  const progress = readProgress(latest);
  if (progress === undefined) throw new InputError(`${latest}: must be there to go on`);
  const wasFalling = progress.step > progress.steps - progress.decay;
  const isSameEnd = progress.steps === run.steps && progress.decay === run.decay;
  const path = wasFalling && !isSameEnd && run.steps > progress.step ? join(checkpoints, BEFORE_DECAY) : latest;
  const from = readProgress(path);
  if (from === undefined) throw new InputError(`${path}: must be there to go on with another --steps or --decay`);
  for (const key of ['model', 'sha256'] as const) {
    if (from[key] !== run[key]) throw new InputError(`${path}: ${key} must be ${run[key]}, got ${from[key]}`);
  }
  readState(path, state);
  return from.step;
}

export function hasCheckpoint(checkpoints: string): boolean {
  return existsSync(join(checkpoints, LATEST));
}
