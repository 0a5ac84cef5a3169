// Two loops that tell what else runs on a core: vector loads out of L1, which wait for a neighbour on the core's other
// hardware thread, and a chain of dependent multiplications, which only knows the clock.

// Reads 4 KiB at `source`, (to − from) times; eight sums so that no addition waits for another.
export function loads(from: i32, to: i32, source: usize, out: usize): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const end = source + 4096;
  for (let i = from; i < to; i++) {
    for (let p = source; p < end; p += 128) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32));
      s3 = f32x4.add(s3, v128.load(p, 48));
      s4 = f32x4.add(s4, v128.load(p, 64));
      s5 = f32x4.add(s5, v128.load(p, 80));
      s6 = f32x4.add(s6, v128.load(p, 96));
      s7 = f32x4.add(s7, v128.load(p, 112));
    }
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  s4 = f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7));
  v128.store(out, f32x4.add(s0, s4));
}

// (to − from) steps of a linear congruential generator (Numerical Recipes' constants), each of which waits for the last.
export function chain(from: i32, to: i32, out: usize): void {
  let x = from;
  for (let i = from; i < to; i++) x = x * 1664525 + 1013904223;
  store<i32>(out, x);
}
