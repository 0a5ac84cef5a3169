// Mixtures of experts: what it is worth that each row goes through two experts alone. The controls are all experts on every row, which are
// as many bytes, and one feed-forward part of twice an expert's width, which is as much work.

import { type Comparison, defineSuite } from '../bench/contract/suite.ts';
import { syntheticMlp, syntheticMoe } from '../bench/inputs/model-problems.ts';

const TOP_K = 2;
const ROWS = [1, 8, 64];

/** Experts of size × size × size. */
const mixtures = (size: number, experts: readonly number[], rows: readonly number[]) =>
  experts.flatMap((count) => rows.map((M) => syntheticMoe(M, size, size, count, TOP_K)));
const equalWork = (size: number, rows: readonly number[]) => rows.map((M) => syntheticMlp(M, size, size, TOP_K * size));

/** 64 experts of 512 are 128 MiB, past the last-level cache of most machines. */
const SIZES = [256, 512];
const EXPERTS = [8, 64];
const comparisons = SIZES.flatMap((size) =>
  EXPERTS.flatMap((experts) =>
    [1, 64].flatMap((M): Comparison[] => {
      const own = (technique: string) => `*:${technique}:*:M=${M},K=${size},*experts=${experts},*`;
      const cases = { is: `two of ${experts}, M=${M}, K=${size}`, filter: own('routed-moe') };
      const road = 'mixture of experts';
      return [
        { road, cases, by: 'speed', control: { is: 'all of them', filter: own('all-experts-moe') } },
        { road, cases, by: 'speed', control: { is: 'equal work', filter: `*:separate-mlp:*:M=${M},*K=${size},*` } },
      ];
    }),
  ),
);

const routed = { families: ['dense', 'sparse'], techniques: ['routed-moe'] } as const;

export default defineSuite({
  summary: 'two of 8 and of 64 experts a row: routed, all computed, and one feed-forward part of equal work',
  onlyWhenNamed: ['quick'],
  takesNamedBackends: true,
  blocks: [
    {
      ...routed,
      presets: ['quick'],
      problems: SIZES.flatMap((size) => [...equalWork(size, ROWS), ...mixtures(size, EXPERTS, ROWS)]),
      backends: ['wasm'],
    },
    { ...routed, presets: ['nightly'], problems: mixtures(256, [8], [8]) },
  ],
  comparisons,
});
