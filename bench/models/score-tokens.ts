// What a model's predictions lose, token by token and over a text: the figures that llama.cpp's perplexity tool gives
// (github.com/ggml-org/llama.cpp, tools/perplexity), with intervals that know of tokens' neighbours.
import type { Score } from '../contract/case-result.ts';
import { BLOCK_TOKENS } from '../inputs/text-windows.ts';
import { blockInterval } from '../statistics/block-bootstrap.ts';
import { quantile } from '../statistics/quantile.ts';
import { seededRandom } from '../statistics/random.ts';

/** At one token of the text, of the uncompressed model's prediction p and the candidate's q. */
export interface TokenScore {
  /** −ln p and −ln q of the token that came. */
  readonly denseNll: number;
  readonly nll: number;
  /** Σ p ln(p / q) */
  readonly kld: number;
  /** Both hold the same token for the most likely. */
  readonly isSameTop: boolean;
}

export type Logits = Float32Array | Float64Array;

/** Logits [vocabularySize] of what follows, and the token that came. Normalisers stay apart, so that near-equal logits lose no digits. */
export function scoreToken(dense: Logits, candidate: Logits, token: number): TokenScore {
  const [pTop, qTop] = [indexOfLargest(dense), indexOfLargest(candidate)];
  let [pSum, qSum, weighted] = [0, 0, 0];
  for (let i = 0; i < dense.length; i++) {
    const [a, b] = [dense[i] - dense[pTop], candidate[i] - candidate[qTop]];
    const weight = Math.exp(a);
    pSum += weight;
    qSum += Math.exp(b);
    weighted += weight * (a - b);
  }
  return {
    denseNll: Math.log(pSum) + dense[pTop] - dense[token],
    nll: Math.log(qSum) + candidate[qTop] - candidate[token],
    kld: Math.max(0, weighted / pSum - Math.log(pSum / qSum)),
    isSameTop: pTop === qTop,
  };
}

function indexOfLargest(values: Logits): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Of tokens in the order of the text, at least one. */
export function scoreOf(tokens: readonly TokenScore[], seed: number): Score {
  const klds = tokens.map(({ kld }) => kld);
  const losses = tokens.map(({ nll, denseNll }) => nll - denseNll);
  const changes = tokens.map(({ nll, denseNll }) => Math.exp(-nll) - Math.exp(-denseNll));
  const ofLosses = blockInterval(losses, BLOCK_TOKENS, seededRandom(seed, 0).uniform);
  return {
    tokens: tokens.length,
    ppl: Math.exp(mean(tokens.map(({ nll }) => nll))),
    pplRatio: Math.exp(mean(losses)),
    pplRatioCi95: ofLosses && { low: Math.exp(ofLosses.low), high: Math.exp(ofLosses.high) },
    kldMean: mean(klds),
    kldMeanCi95: blockInterval(klds, BLOCK_TOKENS, seededRandom(seed, 1).uniform),
    kldP99: quantile(klds, 0.99),
    kldMax: Math.max(...klds),
    sameTopPct: (100 * tokens.filter(({ isSameTop }) => isSameTop).length) / tokens.length,
    rmsDpPct: 100 * Math.sqrt(mean(changes.map((change) => change ** 2))),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
