// Probes of the roofline: peak arithmetic out of registers, and bytes per second out of each level of the memory.
export { dotChains, fmaChains } from './tiles';

// Reads bytes from … to of 512 each, eight sums so that no addition waits for another.
export function readBytes(from: i32, to: i32, source: usize, out: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  let p = source + ((<usize>from) << 9);
  const end = source + ((<usize>to) << 9);
  while (p < end) {
    s0 = f32x4.add(s0, v128.load(p));
    s1 = f32x4.add(s1, v128.load(p, 16));
    s2 = f32x4.add(s2, v128.load(p, 32));
    s3 = f32x4.add(s3, v128.load(p, 48));
    s4 = f32x4.add(s4, v128.load(p, 64));
    s5 = f32x4.add(s5, v128.load(p, 80));
    s6 = f32x4.add(s6, v128.load(p, 96));
    s7 = f32x4.add(s7, v128.load(p, 112));
    p += 128;
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  s4 = f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7));
  v128.store(out, f32x4.add(s0, s4));
}
