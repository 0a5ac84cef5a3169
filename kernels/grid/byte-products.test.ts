import { expect, test } from 'vitest';
import { openWasm } from '../../bench/backends/wasm.ts';
import type { Wasm } from '../../bench/contract/runtimes/wasm.ts';
import { checkContract } from '../contract.ts';
import int4 from '../int4/technique.ts';
import iq4Nl from '../iq4-nl/technique.ts';
import { NF4 } from '../nf4/codes.ts';
import nf4 from '../nf4/technique.ts';
import nvfp4 from '../nvfp4/technique.ts';
import q4K from '../q4-k/technique.ts';
import q5K from '../q5-k/technique.ts';
import q6K from '../q6-k/technique.ts';
import q8Zero from '../q8-0/technique.ts';
import { readingOf } from './wasm-reading.ts';

const ofSevenBits = { int4, nvfp4, 'q4-k': q4K, 'q5-k': q5K, 'q6-k': q6K };

/** What byteBias takes for a machine without an instruction for products of bytes, and for one that has that of x86. */
const NONE = 0;
const VNNI = 4 * 127 * 255;

test.each([
  ['without an instruction for products of bytes', NONE, { ...ofSevenBits, 'iq4-nl': iq4Nl, nf4, 'q8-0': q8Zero }],
  // Products with codes of 7 bits are exact on every machine, with the instruction or without.
  ['with one', VNNI, ofSevenBits],
])(
  'grids hold to the contract on machines %s, whatever this one is',
  { timeout: 60_000 },
  async (_, probed, formats) => {
    const outcomes = await checkContract({
      techniques: new Map(Object.entries(formats)),
      kind: 'wasm',
      runtime: pretending(await openWasm(128, 1), probed),
      mustHaveAll: true,
      trials: 'all',
    });
    expect(outcomes.length).toBeGreaterThan(40);
    expect(outcomes.filter(({ failures }) => failures.length > 0)).toEqual([]);
  },
);

test.each([
  ['without the instruction several rows of 8-bit codes are multiplied as f32', NONE, 4, 'f32'],
  ['with it, as bytes', VNNI, 4, undefined],
  ['one row is multiplied as bytes without it', NONE, 1, undefined],
])('a kernel says what it computes in where that depends on the machine: %s', async (_, probed, M, arithmetic) => {
  const problem = { op: 'matmul', M, N: 8, K: 64, weights: 'synthetic', seed: 1 } as const;
  const params = { activations: 'int8-32' };
  const packed = q8Zero.pack({ W: new Float32Array(8 * 64) }, problem, params);
  const runtime = pretending(await openWasm(128, 1), probed);
  const kernel = await q8Zero.kernels.wasm!({ problem, params, packed, runtime });
  expect(kernel.arithmetic).toBe(arithmetic);
  kernel.dispose();
});

test.each([
  ['unsigned bytes below a biased one, as on x86', 128],
  ['signed bytes, as on ARM', 0],
])('NF4 is kept to 24 bits in three digits: %s', (_, bias) => {
  const { table, zero, unit } = readingOf({ bits: 4, values: NF4, group: 64 }, bias);
  const digits = bias === 0 ? new Int8Array(table!.buffer) : table!;
  for (const [code, value] of NF4.entries()) {
    const number = ((digits[code] - zero) * 256 + digits[16 + code]) * 256 + digits[32 + code];
    expect(Math.abs(number * unit - value)).toBeLessThan(2 ** -23.9);
  }
});

/** A machine whose relaxed product comes to `probed` where byteBias asks. */
function pretending(wasm: Wasm, probed: number): Wasm {
  return {
    ...wasm,
    async open(technique) {
      const module = await wasm.open(technique);
      const run: typeof module.run = (name, count, ...args) => {
        if (name === 'probeDot') module.i32(args[0], 1)[0] = probed;
        else module.run(name, count, ...args);
      };
      return { ...module, run };
    },
  };
}
