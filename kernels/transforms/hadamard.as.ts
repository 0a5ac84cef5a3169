// Walsh and Hadamard's transform in WebAssembly: of 16 values in registers at first, then four at a time with growing strides.

// Every `block` values of X times H/√block → out, which may be X; blocks from … to, a power of two of 32 or more
export function hadamardBlocks(from: i32, to: i32, X: usize, out: usize, block: i32): void {
  const scale = f32x4.splat(1 / sqrt<f32>(<f32>block));
  const bytes = block << 2;
  for (let b = from; b < to; b++) {
    const start = out + b * bytes;
    const end = start + bytes;
    sixteens(X + b * bytes, start, end, scale);
    let stride = 64;
    for (; stride << 2 <= bytes; stride <<= 2) fours(start, end, stride);
    if (stride < bytes) twos(start, end, stride);
  }
}

function sixteens(x: usize, out: usize, end: usize, scale: v128): void {
  for (; out < end; out += 64) {
    const a = f32x4.mul(v128.load(x), scale);
    const b = f32x4.mul(v128.load(x, 16), scale);
    const c = f32x4.mul(v128.load(x, 32), scale);
    const d = f32x4.mul(v128.load(x, 48), scale);
    const ab = f32x4.add(a, b);
    const amb = f32x4.sub(a, b);
    const cd = f32x4.add(c, d);
    const cmd = f32x4.sub(c, d);
    const e = f32x4.add(ab, cd);
    const f = f32x4.add(amb, cmd);
    const g = f32x4.sub(ab, cd);
    const h = f32x4.sub(amb, cmd);
    // The same across the lanes, by way of the transpose.
    const ef = v128.shuffle<f32>(e, f, 0, 4, 1, 5);
    const ef2 = v128.shuffle<f32>(e, f, 2, 6, 3, 7);
    const gh = v128.shuffle<f32>(g, h, 0, 4, 1, 5);
    const gh2 = v128.shuffle<f32>(g, h, 2, 6, 3, 7);
    const p = v128.shuffle<f32>(ef, gh, 0, 1, 4, 5);
    const q = v128.shuffle<f32>(ef, gh, 2, 3, 6, 7);
    const r = v128.shuffle<f32>(ef2, gh2, 0, 1, 4, 5);
    const s = v128.shuffle<f32>(ef2, gh2, 2, 3, 6, 7);
    const pq = f32x4.add(p, q);
    const pmq = f32x4.sub(p, q);
    const rs = f32x4.add(r, s);
    const rms = f32x4.sub(r, s);
    const t = f32x4.add(pq, rs);
    const u = f32x4.add(pmq, rms);
    const v = f32x4.sub(pq, rs);
    const w = f32x4.sub(pmq, rms);
    const tu = v128.shuffle<f32>(t, u, 0, 4, 1, 5);
    const tu2 = v128.shuffle<f32>(t, u, 2, 6, 3, 7);
    const vw = v128.shuffle<f32>(v, w, 0, 4, 1, 5);
    const vw2 = v128.shuffle<f32>(v, w, 2, 6, 3, 7);
    v128.store(out, v128.shuffle<f32>(tu, vw, 0, 1, 4, 5));
    v128.store(out, v128.shuffle<f32>(tu, vw, 2, 3, 6, 7), 16);
    v128.store(out, v128.shuffle<f32>(tu2, vw2, 0, 1, 4, 5), 32);
    v128.store(out, v128.shuffle<f32>(tu2, vw2, 2, 3, 6, 7), 48);
    x += 64;
  }
}

function fours(start: usize, end: usize, stride: usize): void {
  for (let group = start; group < end; group += stride << 2) {
    for (let at = group; at < group + stride; at += 16) {
      const second = at + stride;
      const third = second + stride;
      const fourth = third + stride;
      const a = v128.load(at);
      const b = v128.load(second);
      const c = v128.load(third);
      const d = v128.load(fourth);
      const ab = f32x4.add(a, b);
      const amb = f32x4.sub(a, b);
      const cd = f32x4.add(c, d);
      const cmd = f32x4.sub(c, d);
      v128.store(at, f32x4.add(ab, cd));
      v128.store(second, f32x4.add(amb, cmd));
      v128.store(third, f32x4.sub(ab, cd));
      v128.store(fourth, f32x4.sub(amb, cmd));
    }
  }
}

function twos(start: usize, end: usize, stride: usize): void {
  for (let group = start; group < end; group += stride << 1) {
    for (let at = group; at < group + stride; at += 16) {
      const a = v128.load(at);
      const b = v128.load(at + stride);
      v128.store(at, f32x4.add(a, b));
      v128.store(at + stride, f32x4.sub(a, b));
    }
  }
}
