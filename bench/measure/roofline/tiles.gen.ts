// Writes the register-only loops that measure what arithmetic alone can do: as many independent chains as there are
// accumulators in the kernels' own tiles. Of bytes there are two: products added in 32 bits, which is one instruction on some
// machines and three on others, and added in 16 bits, as kernels do on the others. These depend on the sum, or V8 would
// compute one product for all chains.

const CHAINS = 12;

/** Chains side by side are NR/4 vectors a row, so that the 256-bit re-vectoriser finds pairs as in the kernels. */
export function generateTiles(NR: number): string {
  const chains = CHAINS * (NR / 8);
  return [
    loop('fmaChains', chains, 'f32x4.splat(0)', (c) => `${c} = f32x4.relaxed_madd(a, b, ${c});`, 'f32'),
    loop(
      'dotChains',
      chains,
      'i32x4.splat(0)',
      (c) => `${c} = i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, ${c});`,
      'i32',
    ),
    loop(
      'wordChains',
      chains,
      'i32x4.splat(0)',
      (c) => `${c} = i16x8.add(${c}, i16x8.relaxed_dot_i8x16_i7x16_s(${c}, b));`,
      'i32',
    ),
  ].join('\n\n');
}

function loop(
  name: string,
  chains: number,
  zero: string,
  step: (chain: string) => string,
  lane: 'f32' | 'i32',
): string {
  const names = Array.from({ length: chains }, (_, i) => `c${i}`);
  const pair = (v: number) => `v128.store(out, c${v}, ${v * 16});`;
  return `// count rounds of ${chains} chains; a and b come from memory so that nothing is folded
export function ${name}(from: i32, to: i32, source: usize, out: usize): void {
  let ${names.map((chain) => `${chain} = ${zero}`).join(', ')};
  const a = ${lane === 'f32' ? 'v128.load32_splat(source)' : 'v128.load(source)'};
  const b = v128.load(source, 16);
  for (let i = from; i < to; i++) {
    ${names.map(step).join('\n    ')}
  }
  ${names.map((_, i) => pair(i)).join('\n  ')}
}`;
}
