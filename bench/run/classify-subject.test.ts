import { describe, expect, test } from 'vitest';
import dense from '../../kernels/dense/technique.ts';
import int8 from '../../kernels/int8/technique.ts';
import q4k from '../../kernels/q4-k/technique.ts';
import sparse from '../../kernels/sparse-2-4/technique.ts';
import type { Params, Technique } from '../contract/technique.ts';
import { classifyProblem } from '../inputs/classifiers.ts';
import { weighCase } from '../measure/weigh-case.ts';
import type { CaseSubject } from './case-subject.ts';
import { classifySubject } from './classify-subject.ts';

const digits = classifyProblem('mnist-mlp', 8);
const scoring = { tokens: 0, flops: 0 };
const place = { kind: 'ts', device: 'cpu', runtime: undefined } as const;
const w8a8 = { granularity: 'channel', activations: 'int8' };

function subjectOf(technique: Technique, params: Params): CaseSubject {
  const subject = classifySubject(digits, params, { technique, dense }, scoring);
  if ('status' in subject) throw new Error(subject.reason);
  return subject;
}

describe('a classifier', () => {
  test.each([
    ['dense', dense, {}],
    ['int8, activations too', int8, w8a8],
  ] as const)('is checked, timed beside the uncompressed one and scored: %s', async (_, technique, params) => {
    const subject = subjectOf(technique, params);
    const entry = { id: 'x', suite: 's', technique: 't', params, backend: 'ts', problem: digits, baselineId: 'b' };
    const budget = { warmupMs: 1, measureMs: 5, rounds: 6 };
    const weighed = await weighCase({ case: entry, ...subject, budget, place });
    expect(weighed.reason ?? '').not.toContain('must');
    expect(weighed.ratio?.speedup).toBeGreaterThan(0);
    const { accuracy } = (await subject.score?.(place)) ?? {};
    expect(accuracy?.examples).toBe(2000);
    expect(Math.abs(accuracy?.changePct ?? 9)).toBeLessThan(0.3);
  });

  test('keeps f32 where a format can’t hold a layer, and says so', () => {
    const subject = subjectOf(sparse, {});
    expect(subject.technique.caveat?.(subject.inputs.weights, undefined, digits, {})).toBeUndefined();
    const result = classifySubject(digits, {}, { technique: q4k, dense }, scoring);
    if ('status' in result) throw new Error(result.reason);
    expect(result.technique.caveat?.(result.inputs.weights, undefined, digits, {})).toMatch(
      /2 of 3 layers stay f32: K must/,
    );
  });

  test('is skipped where a method wants to look at examples that there are none of', () => {
    const result = classifySubject(digits, { method: 'gptq' }, { technique: q4k, dense }, scoring);
    expect(result).toEqual({ status: 'skipped', reason: 'mnist-mlp has no examples for methods that look at some' });
  });
});
