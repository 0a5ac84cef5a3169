import { expect, test } from 'vitest';
import { openWasm } from '../../bench/backends/wasm.ts';
import type { MlpWeights } from '../../bench/contract/problem.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { makeCalibration } from '../../bench/inputs/make-calibration.ts';
import { mlpInputs } from '../../bench/inputs/make-inputs.ts';
import { syntheticMlp } from '../../bench/inputs/model-problems.ts';
import { packSkipping, type Skipping } from './pack.ts';
import { tsSkipZeros } from './ts.ts';
import { wasmSkipZeros } from './wasm.ts';

const problem = syntheticMlp(13, 37, 24, 100);
const { weights, activations } = mlpInputs(problem);
const calibration = makeCalibration(problem);
const pack = (skipping: Skipping) => packSkipping(weights, problem, skipping, calibration);

async function outputOf(kernel: PreparedKernel<'mlp'>): Promise<Float32Array> {
  await kernel.upload(activations);
  await kernel.run();
  return (await kernel.readOutput()).slice();
}

const onWasm = async (skipping: Skipping) =>
  wasmSkipZeros({ packed: pack(skipping), problem, params: {}, runtime: await openWasm(128, 1) });
const onTs = async (skipping: Skipping) =>
  tsSkipZeros({ packed: pack(skipping), problem, params: {}, runtime: undefined });

test.each([onTs, onWasm])('leaving out zeros changes no bit of the output: %s', async (prepare) => {
  const [skipped, whole] = [await prepare({ skip: 'zeros' }), await prepare({ skip: 'none' })];
  expect(await outputOf(skipped)).toEqual(await outputOf(whole));
  expect(skipped.work?.().flops).toBeLessThan(0.9 * (whole.work?.().flops ?? 0));
});

test('so large a share of the hidden values is skipped as was asked for, whichever they are', async () => {
  const whole = 2 * problem.M * problem.hidden;
  for (const which of ['smallest', 'random'] as const) {
    const kernel = await onTs({ skip: 0.95, which });
    await outputOf(kernel);
    const ofSecond = (kernel.work?.().flops ?? 0) - whole * problem.K;
    expect(ofSecond / (whole * problem.N), which).toBeGreaterThan(0.02);
    expect(ofSecond / (whole * problem.N), which).toBeLessThan(0.08);
  }
});

test('weights that no row has use for are not read', async () => {
  const never: MlpWeights = { ...weights, b1: weights.b1.map((bias, h) => (h < 50 ? -1e6 : bias)) };
  const packed = packSkipping(never, problem, { skip: 'zeros' }, undefined);
  const kernel = tsSkipZeros({ packed, problem, params: {}, runtime: undefined });
  await outputOf(kernel);
  const all = 4 * (problem.hidden * (problem.K + problem.N) + problem.hidden);
  expect(kernel.work?.().weightBytes).toBeLessThanOrEqual(all - 4 * 50 * problem.N);
});
