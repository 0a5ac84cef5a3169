import { describe, expect, test } from 'vitest';
import { randomFromState, seededRandom } from './random.ts';

describe('seededRandom', () => {
  test('gives the published xoshiro128** sequence from the state 1, 2, 3, 4', () => {
    // The vector of the rand_xoshiro crate, computed there with the authors' C code.
    const random = randomFromState([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, () => random.uint32())).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  test('gives the sequence that other SplitMix32-seeded implementations give for seed 12345', () => {
    const random = seededRandom(12345);
    expect(Array.from({ length: 6 }, () => random.uint32())).toEqual([
      1093274547, 203003357, 3741353573, 3803725158, 4178738660, 810247443,
    ]);
  });

  test('keeps giving the gaussians that stored results were made with', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 4; i++) random.uint32();
    expect(Array.from({ length: 3 }, () => Math.fround(random.gaussian()))).toEqual([
      -2.826748847961426, 0.3172876238822937, 1.1982229948043823,
    ]);
  });

  test('gives unlike streams for neighbouring seeds', () => {
    const firsts = new Set(Array.from({ length: 1000 }, (_, seed) => seededRandom(seed).uint32()));
    expect(firsts.size).toBe(1000);
  });

  test('gives unlike streams under one seed', () => {
    const firsts = new Set(Array.from({ length: 100 }, (_, stream) => seededRandom(5, stream).uint32()));
    expect(firsts.size).toBe(100);
  });

  test('stays in [0, 1) and fills it evenly', () => {
    const random = seededRandom(7);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) bins[Math.floor(random.uniform() * 10)]++;
    // Each bin is binomial with standard deviation 95; 5 of them.
    for (const count of bins) expect(Math.abs(count - 10_000)).toBeLessThan(475);
  });

  test('draws gaussians with the moments of the standard normal', () => {
    const random = seededRandom(3);
    const draws = Array.from({ length: 100_000 }, () => random.gaussian());
    const moment = (p: number) => draws.reduce((sum, x) => sum + x ** p, 0) / draws.length;
    // Five standard errors of each moment's mean: sqrt(1, 2, 15, 96) / sqrt(100 000).
    expect(Math.abs(moment(1))).toBeLessThan(0.016);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.023);
    expect(Math.abs(moment(3))).toBeLessThan(0.062);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.155);
  });

  test('refuses a seed that is not a whole number', () => {
    expect(() => seededRandom(1.5)).toThrow('seed: must be a whole number, got 1.5');
  });
});
