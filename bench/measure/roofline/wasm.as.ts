// Probes of the roofline: peak arithmetic out of registers, and bytes per second out of each level of the memory.
export { dotChains, fmaChains, wordChains } from './tiles';

// Reads from … to of 512 bytes each, so many times over, block by block of so many reads.
export function readBytes(from: i32, to: i32, times: i32, block: i32, source: usize, out: usize): void {
  for (; times > 0; times--) {
    for (let first = from; first < to; first += block) {
      readBlock(source + ((<usize>first) << 9), (<usize>min(block, to - first)) << 9, out);
    }
  }
}

// Four streams side by side, a quarter of the block each, may bring more out of memory than one; eight sums so that no
// addition waits for another.
function readBlock(source: usize, byteLength: usize, out: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const part = byteLength >> 2;
  let p0 = source;
  let p1 = p0 + part;
  let p2 = p1 + part;
  let p3 = p2 + part;
  const end = p1;
  while (p0 < end) {
    s0 = f32x4.add(s0, v128.load(p0));
    s1 = f32x4.add(s1, v128.load(p0, 16));
    s2 = f32x4.add(s2, v128.load(p1));
    s3 = f32x4.add(s3, v128.load(p1, 16));
    s4 = f32x4.add(s4, v128.load(p2));
    s5 = f32x4.add(s5, v128.load(p2, 16));
    s6 = f32x4.add(s6, v128.load(p3));
    s7 = f32x4.add(s7, v128.load(p3, 16));
    p0 += 32;
    p1 += 32;
    p2 += 32;
    p3 += 32;
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  s4 = f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7));
  v128.store(out, f32x4.add(s0, s4));
}
