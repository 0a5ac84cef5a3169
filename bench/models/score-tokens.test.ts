import { describe, expect, test } from 'vitest';
import { BLOCK_TOKENS } from '../inputs/text-windows.ts';
import { seededRandom } from '../statistics/random.ts';
import { scoreOf, scoreToken, type TokenScore } from './score-tokens.ts';

const logs = (...probabilities: readonly number[]) => Float32Array.from(probabilities, Math.log);

describe('of one token', () => {
  test('three to one predicted as one to one', () => {
    const { denseNll, nll, kld, isSameTop } = scoreToken(logs(1 / 4, 3 / 4), logs(1 / 2, 1 / 2), 1);
    expect(denseNll).toBeCloseTo(Math.log(4 / 3), 6);
    expect(nll).toBeCloseTo(Math.LN2, 6);
    // ¾ ln 3/2 + ¼ ln ½
    expect(kld).toBeCloseTo(0.1308, 4);
    expect(isSameTop).toBe(false);
  });

  test('equal logits lose nothing, to the bit', () => {
    const logits = Float32Array.from({ length: 1000 }, seededRandom(1).gaussian);
    const { denseNll, nll, kld, isSameTop } = scoreToken(logits, logits.slice(), 7);
    expect([kld, nll - denseNll, isSameTop]).toEqual([0, 0, true]);
  });

  test('logits count by their differences, however large', () => {
    const [dense, candidate] = [logs(0.2, 0.5, 0.3), logs(0.3, 0.6, 0.1)];
    const moved = (logits: Float32Array, by: number) => logits.map((value) => value + by);
    const { kld, nll } = scoreToken(dense, candidate, 2);
    const far = scoreToken(moved(dense, 4096), moved(candidate, -4096), 2);
    expect(far.kld).toBeCloseTo(kld, 2);
    expect(far.nll).toBeCloseTo(nll, 2);
  });

  test('what the candidate rules out costs without bound, and stays a number', () => {
    const { kld, nll } = scoreToken(Float32Array.of(0, 0), Float32Array.of(0, -1000), 1);
    expect(kld).toBeCloseTo(500 - Math.LN2, 1);
    expect(nll).toBeCloseTo(1000, 6);
  });
});

describe('over a text', () => {
  const token = (p: number, q: number, kld: number, isSameTop = true): TokenScore => {
    return { denseNll: -Math.log(p), nll: -Math.log(q), kld, isSameTop };
  };

  test('figures of four tokens', () => {
    const score = scoreOf(
      [token(1 / 2, 1 / 4, 0.1), token(1, 1, 0), token(1 / 2, 1 / 4, 0.3, false), token(1, 1, 0)],
      0,
    );
    expect(score.tokens).toBe(4);
    // (4 · 1 · 4 · 1)^(1/4), and uncompressed (2 · 2)^(1/4).
    expect(score.ppl).toBeCloseTo(2, 12);
    expect(score.pplRatio).toBeCloseTo(Math.SQRT2, 12);
    expect(score.kldMean).toBeCloseTo(0.1, 12);
    expect(score.kldMax).toBe(0.3);
    // Between the third and the fourth of four values: 0.1 + 0.97 · 0.2.
    expect(score.kldP99).toBeCloseTo(0.294, 12);
    expect(score.sameTopPct).toBe(75);
    // √(½ · ¹⁄₁₆)
    expect(score.rmsDpPct).toBeCloseTo(100 * Math.sqrt(1 / 32), 12);
    expect([score.pplRatioCi95, score.kldMeanCi95]).toEqual([undefined, undefined]);
  });

  test('intervals are paired: what both find hard widens none', () => {
    const { uniform } = seededRandom(2);
    const tokens = Array.from({ length: 16 * BLOCK_TOKENS }, () => {
      const p = 0.001 + 0.9 * uniform();
      return token(p, p * (0.98 + 0.02 * uniform()), 0.01);
    });
    const { pplRatio, pplRatioCi95 } = scoreOf(tokens, 0);
    expect(pplRatio).toBeCloseTo(1.01, 3);
    expect(pplRatioCi95?.low).toBeGreaterThan(1.009);
    expect(pplRatioCi95?.high).toBeLessThan(1.011);
  });
});
