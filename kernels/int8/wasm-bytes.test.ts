import { expect, test } from 'vitest';
import { openWasm } from '../../bench/backends/wasm.ts';
import { seededRandom } from '../../bench/statistics/random.ts';
import { quantizeRow } from './pack.ts';

/** Products of two bytes up to 255·63 add up in pairs to less than 2¹⁵, so every engine's relaxed product is exact. */
const MOST = 63;

test.each([
  [1, 8, 4],
  [6, 16, 64],
  [7, 8, 37],
  [103, 24, 130],
])(
  '8-bit products that machines with an instruction for them use are exact everywhere on small weights: %d×%d×%d',
  async (M, N, K) => {
    const NR = 8;
    const module = await openWasm(128, 1).then((wasm) => wasm.open('int8'));
    const bias = isSigned(module) ? 0 : 128;
    const quads = Math.ceil(K / 4);
    const random = seededRandom(M + N + K);
    const values = Int8Array.from({ length: N * K }, () => Math.floor(random.uniform() * (2 * MOST + 1)) - MOST);
    const activations = Float32Array.from({ length: M * K }, () => random.gaussian());

    const [X, scaled, xScales] = [4 * M * K, 4 * M * quads, 4 * M].map(module.allocate);
    const [W, scales, start, Y] = [4 * N * quads, 4 * N, 4 * N, 4 * M * N].map(module.allocate);
    module.f32(X, M * K).set(activations);
    module.f32(scales, N).fill(1);
    const quadW = module.i8(W, 4 * N * quads);
    values.forEach((w, i) => {
      const [n, k] = [Math.floor(i / K), i % K];
      quadW[((Math.floor(n / NR) * quads + (k >> 2)) * NR + (n % NR)) * 4 + (k & 3)] = w;
      module.i32(start, N)[n] -= bias * w;
    });
    module.run('quantizeBytes', M, X, scaled, xScales, M, K, quads, bias);
    module.run('gemmBytes', N / NR, scaled, xScales, W, scales, start, Y, M, N, quads, NR);

    const rounded = new Int8Array(M * K);
    for (let m = 0; m < M; m++) {
      const scale = quantizeRow(activations, m * K, K, rounded);
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += rounded[m * K + k] * values[n * K + k];
        expect(module.f32(Y, M * N)[m * N + n]).toBeCloseTo(sum * scale, 3);
      }
    }
  },
);

/** Whether the relaxed product reads its second operand's eighth bit as a sign. */
function isSigned(module: Awaited<ReturnType<Awaited<ReturnType<typeof openWasm>>['open']>>): boolean {
  const result = module.allocate(48);
  module.i8(result + 16, 16).fill(1);
  module.u8(result + 32, 16).fill(255);
  module.run('probeDot', 1, result);
  return module.i32(result, 1)[0] < 0;
}
