import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { wasmFile } from '../../backends/wasm-file.ts';
import { instantiate } from '../../backends/wasm-instance.ts';
import { allocator, newMemory } from '../../backends/wasm-memory.ts';
import { seededRandom } from '../../statistics/random.ts';

const [M, E, PER] = [12, 4, 2];

test('what keeps experts evenly chosen pushes scores against the crowd, as its derivative says', () => {
  const memory = newMemory();
  const kernels = instantiate(new WebAssembly.Module(readFileSync(wasmFile('training', 128))), memory);
  const { allocate, f32, i32 } = allocator(memory);
  const { gaussian } = seededRandom(5);
  const scores = Float64Array.from({ length: M * E }, (_, i) => (i % E === 1 ? 1 : 0) + gaussian());
  const [probabilities, chosen, shares, choices, ends, dShares, dScores] = Array.from({ length: 7 }, () =>
    allocate(4 * M * E),
  );
  f32(probabilities, M * E).set(scores);
  kernels.softmaxRows(probabilities, M, E);
  kernels.chooseExperts(probabilities, chosen, shares, M, E, PER);
  kernels.groupChoices(chosen, choices, ends, M * PER, E);
  kernels.chooseExpertsGradient(probabilities, chosen, shares, dShares, ends, dScores, M, E, PER, 1 / M);
  const counts = Array.from({ length: E }, (_, e) => i32(chosen, M * PER).filter((own) => own === e).length);
  /** E · Σ f·P */
  const crowding = (of: Float64Array) => {
    let sum = 0;
    for (let m = 0; m < M; m++) {
      const powers = of.subarray(m * E, (m + 1) * E).map((score) => Math.exp(score));
      const total = powers.reduce((all, power) => all + power, 0);
      for (const [e, power] of powers.entries()) sum += (E * (counts[e] / (M * PER)) * (power / total)) / M;
    }
    return sum;
  };
  const step = 1e-4;
  for (const i of scores.keys()) {
    const moved = (by: number) => crowding(scores.map((score, j) => (i === j ? score + by : score)));
    expect(f32(dScores, M * E)[i]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 6);
  }
});
