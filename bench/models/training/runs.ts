// Figures of finished runs, a line each in a file beside the models: seeds whose weights are not shipped have theirs there too.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenBytes } from './byte-pair-encoding.ts';
import type { Recipe } from './recipes.ts';
import type { TrainingText } from './text.ts';
import { mean, type Trainer } from './trainer.ts';
import { cutWindows } from './windows.ts';

/** Losses in nats per token, over windows of the context's length, of which the first token is not scored. */
export interface FinishedRun {
  readonly model: string;
  readonly seed: number;
  readonly steps: number;
  readonly tokens: number;
  readonly loss: number;
  /** With weights as the folder holds them. */
  readonly f16Loss: number;
  readonly heldOutTokens: number;
  readonly heldOutBytes: number;
  readonly trainTokens: number;
  readonly trainBytes: number;
}

/** Leaves the trainer with weights as a folder holds them. */
export async function finishedRun(
  { name, config, batch }: Recipe,
  seed: number,
  steps: number,
  trainer: Trainer,
  { heldOut, merges, train, trainBytes }: TrainingText,
): Promise<FinishedRun> {
  const windows = cutWindows(heldOut, config.contextLength);
  const bytes = tokenBytes(merges).map(({ length }) => length);
  const scored = heldOut.subarray(1, windows.length * config.contextLength + 1);
  const loss = mean(await trainer.losses(windows));
  trainer.roundWeights();
  return {
    model: name,
    seed,
    steps,
    tokens: steps * batch.shards * batch.sequences * config.contextLength,
    loss,
    f16Loss: mean(await trainer.losses(windows)),
    heldOutTokens: scored.length,
    heldOutBytes: scored.reduce((total, id) => total + bytes[id], 0),
    trainTokens: train.length,
    trainBytes,
  };
}

const RUNS = 'runs.jsonl';

/** Of the models in a folder. */
export function readRuns(models: string): FinishedRun[] {
  const path = join(models, RUNS);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** In the place of an earlier run of the same model and seed. */
export function keepRun(models: string, run: FinishedRun): void {
  const others = readRuns(models).filter(({ model, seed }) => model !== run.model || seed !== run.seed);
  const all = [...others, run].sort((a, b) => (a.model === b.model ? a.seed - b.seed : a.model < b.model ? -1 : 1));
  writeFileSync(join(models, RUNS), all.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

export function runsOf(runs: readonly FinishedRun[], name: string): FinishedRun[] {
  return runs.filter(({ model }) => model === name);
}
