import { expect, test } from 'vitest';
import { openWasm } from '../backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from '../cases/registry.ts';
import type { ModelConfig } from '../contract/model.ts';
import type { ModelProblem } from '../contract/problem.ts';
import { acceptanceOf, expectedSpeedup, generateDrafted } from './draft.ts';
import { generate } from './generate.ts';
import { packModel } from './packed-model.ts';
import { placeModel } from './place-model.ts';
import { writtenBy } from './prepare-generation.ts';
import { randomModel, smallConfig } from './random-model.fixture.ts';
import { weighDrafts } from './weigh-drafts.ts';

const dense = await loadTechnique('dense', [KERNELS_DIR]);
const backends = {
  ts: { kind: 'ts', runtime: undefined },
  wasm: { kind: 'wasm', runtime: await openWasm(128, 1) },
  'wasm-mt': { kind: 'wasm', runtime: await openWasm(128, 2) },
} as const;
const backendIds = Object.keys(backends) as (keyof typeof backends)[];
const [CAPACITY, COUNT] = [40, 24];
const prompts = [[3], [7, 1, 30, 2], [11, 12, 13, 14, 15, 16, 17, 18, 19]];

const modelOf = (seed: number, change: Partial<ModelConfig> = {}) =>
  packModel(randomModel({ ...smallConfig, ...change }, seed), dense, () => undefined);
const target = modelOf(1);
/** One that is always kept, and one that hardly ever is. */
const drafts = { itself: target, another: modelOf(2, { layers: 1, hiddenSize: 16, feedForwardSize: 20 }) };

test.each(
  backendIds.flatMap((backend) =>
    Object.keys(drafts).flatMap((draft) =>
      [1, 2, 5].map((most) => ({ backend, draft: draft as keyof typeof drafts, most })),
    ),
  ),
)('drafts of $most tokens by $draft leave the text as it is on $backend', async ({ backend, draft, most }) => {
  const place = { ...backends[backend], capacity: CAPACITY };
  const by = drafts[draft];
  for (const prompt of prompts) {
    const alone = await writtenBy(target, undefined, prompt, COUNT, place);
    const drafted = await writtenBy(target, { by, most }, prompt, COUNT, place);
    expect(drafted.tokens).toEqual(alone.tokens);
    const kept = drafted.rounds.reduce((sum, round) => sum + round.kept, 0);
    expect(kept + drafted.rounds.length).toBe(COUNT);
    if (draft === 'itself') expect(acceptanceOf(drafted.rounds)).toBe(1);
    else expect(acceptanceOf(drafted.rounds)).toBeLessThan(0.5);
  }
});

test('what was drafted and not kept is forgotten: both models go on as if it had never been', async () => {
  const placement = { ...backends.wasm, capacity: CAPACITY };
  const open = async () => ({
    target: await placeModel(target, { ...placement, maxRows: 4 }),
    draft: await placeModel(drafts.another, { ...placement, maxRows: 1 }),
  });
  const [first, second] = [await open(), await open()];
  const text = generateDrafted(first.target, first.draft, prompts[1], COUNT, 3).tokens;
  const all = [...prompts[1], ...text];
  // The last token of all is one that no model has taken in.
  expect(first.target.length).toBe(all.length - 1);
  second.target.forward(all.slice(0, -1), 'last');
  second.draft.forward(all.slice(0, first.draft.length), 'last');
  for (const name of ['target', 'draft'] as const) {
    const [went, fresh] = [first[name].forward([5], 'last'), second[name].forward([5], 'last')];
    went.forEach((logit, i) => void expect(logit).toBeCloseTo(fresh[i], 4));
  }
});

test('a text of one token is written without a draft, and its rounds say so', async () => {
  const place = { ...backends.ts, capacity: CAPACITY };
  const { tokens, rounds } = await writtenBy(target, { by: drafts.another, most: 4 }, prompts[2], 1, place);
  const alone = await placeModel(target, { ...place, maxRows: 1 });
  expect(tokens).toEqual(generate(alone, prompts[2], 1));
  expect(rounds).toEqual([{ drafted: 0, kept: 0 }]);
});

test('acceptance counts the drafted tokens that were come to', () => {
  const rounds = [
    { drafted: 4, kept: 4 },
    { drafted: 4, kept: 1 },
    { drafted: 2, kept: 0 },
  ];
  expect(acceptanceOf(rounds)).toBe(5 / 7);
});

test.each([
  [0.8, 4, 0.1, 2.4011],
  [1, 4, 0.25, 2.5],
  [0, 4, 0.25, 0.5],
])('acceptance %d, %d drafted at a cost of %d each let expect %d', (acceptance, drafted, cost, speedup) => {
  expect(expectedSpeedup(acceptance, drafted, cost)).toBeCloseTo(speedup, 3);
});

test('a model repeated on itself keeps what the single one would, and says that it does', async () => {
  const problem: ModelProblem = {
    op: 'model',
    phase: 'generate',
    M: 8,
    context: 9,
    weights: 'random',
    layers: 'all',
    scale: 2,
    seed: 0,
    config: smallConfig,
    file: { path: '', text: '', calibration: '' },
  };
  const { layers } = smallConfig;
  const tall = modelOf(1, { layers: 2 * layers });
  const drafting = { by: target, most: 3, judge: target };
  const texts = { prompts: [prompts[2]], isRounded: false };
  expect(await weighDrafts(tall, drafting, problem, texts, backends.wasm)).toMatchObject({
    drafts: { acceptancePct: 100 },
    caveat: 'drafted tokens are kept as by the model at scale 1',
  });
});
