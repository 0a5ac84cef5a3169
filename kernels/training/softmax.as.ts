// Softmax over the keys that a query sees, and over the vocabulary.
import { exp, largest, sum } from './exp.as';

// scores S [T,T] → P [T,T] in their place: row t is the softmax of scale·(its first t + 1), then zeros
export function causalSoftmax(S: usize, T: i32, scale: f32): void {
  for (let t = 0; t < T; t++) {
    const row = S + ((t * T) << 2);
    const seen = (t + 1) << 2;
    const end = (seen + 15) & ~15;
    for (let i = seen; i < end; i += 4) store<f32>(row + i, -Infinity);
    const total = softmaxRow(row, end, scale);
    const inverse = f32x4.splat(<f32>1 / total);
    for (let i = 0; i < end; i += 16) v128.store(row + i, f32x4.mul(v128.load(row + i), inverse));
    memory.fill(row + seen, 0, (T << 2) - seen);
  }
}

// P [T,T] and the gradient dP of it, in its first t + 1 values of row t → the gradient of the scores in dP's place, zeros behind
export function causalSoftmaxGradient(P: usize, dP: usize, T: i32, scale: f32): void {
  for (let t = 0; t < T; t++) {
    const p = P + ((t * T) << 2);
    const dp = dP + ((t * T) << 2);
    const seen = (t + 1) << 2;
    const end = (seen + 15) & ~15;
    memory.fill(dp + seen, 0, (T << 2) - seen);
    let products = f32x4.splat(0);
    for (let i = 0; i < end; i += 16) products = f32x4.add(products, f32x4.mul(v128.load(p + i), v128.load(dp + i)));
    const mean = f32x4.splat(sum(products));
    const scale4 = f32x4.splat(scale);
    for (let i = 0; i < end; i += 16) {
      const slope = f32x4.mul(v128.load(p + i), f32x4.sub(v128.load(dp + i), mean));
      v128.store(dp + i, f32x4.mul(slope, scale4));
    }
  }
}

// X [M,N] → the softmax of each row, in its place
export function softmaxRows(X: usize, M: i32, N: i32): void {
  for (let m = 0; m < M; m++) {
    const row = X + ((m * N) << 2);
    const inverse = f32x4.splat(<f32>1 / softmaxRow(row, N << 2, 1));
    for (let i = 0; i < N << 2; i += 16) v128.store(row + i, f32x4.mul(v128.load(row + i), inverse));
  }
}

// logits [M,V], targets [M] → losses [M][2], each to be read as log(second) − first, and in the logits' place the gradient of
// scale·(their sum). AssemblyScript's own logarithm would read tables that lie where kernels' memory begins.
export function crossEntropy(logits: usize, targets: usize, losses: usize, M: i32, V: i32, scale: f32): void {
  for (let m = 0; m < M; m++) {
    const row = logits + ((m * V) << 2);
    const target = row + (load<i32>(targets + (m << 2)) << 2);
    const logit = load<f32>(target);
    const top = largestOf(row, V << 2);
    const total = softmaxRow(row, V << 2, 1);
    store<f32>(losses + (m << 3), logit - top);
    store<f32>(losses + (m << 3), total, 4);
    const share = f32x4.splat(scale / total);
    for (let i = 0; i < V << 2; i += 16) v128.store(row + i, f32x4.mul(v128.load(row + i), share));
    store<f32>(target, load<f32>(target) - scale);
  }
}

// The same losses, and in the logits' place the gradient of scale·Σ((1 − share)·loss + share·T²·KL(teacher ‖ student)), both
// with logits divided by the temperature T in the second (Hinton et al., arXiv 1503.02531). teacher [M,V] is overwritten, as is
// scratch [V].
export function distil(
  logits: usize, teacher: usize, targets: usize, losses: usize, scratch: usize, M: i32, V: i32, scale: f32,
  temperature: f32, share: f32,
): void {
  const cooled = <f32>1 / temperature;
  for (let m = 0; m < M; m++) {
    const row = logits + ((m * V) << 2);
    const taught = teacher + ((m * V) << 2);
    memory.copy(scratch, row, V << 2);
    const soft = scale * share * temperature;
    const ofTeacher = f32x4.splat(soft / softmaxRow(taught, V << 2, cooled));
    const ofStudent = f32x4.splat(soft / softmaxRow(scratch, V << 2, cooled));
    crossEntropy(row, targets + (m << 2), losses + (m << 3), 1, V, scale * (1 - share));
    for (let i = 0; i < V << 2; i += 16) {
      const student = f32x4.mul(v128.load(scratch + i), ofStudent);
      const away = f32x4.sub(student, f32x4.mul(v128.load(taught + i), ofTeacher));
      v128.store(row + i, f32x4.add(v128.load(row + i), away));
    }
  }
}

function largestOf(row: usize, bytes: i32): f32 {
  let top = v128.load(row);
  for (let i = 16; i < bytes; i += 16) top = f32x4.max(top, v128.load(row + i));
  return largest(top);
}

// Replaces x by e^(scale·(x − largest)) and returns their sum.
function softmaxRow(row: usize, bytes: i32, scale: f32): f32 {
  const top = f32x4.splat(largestOf(row, bytes));
  const scale4 = f32x4.splat(scale);
  let total = f32x4.splat(0);
  for (let i = 0; i < bytes; i += 16) {
    const value = exp(f32x4.mul(scale4, f32x4.sub(v128.load(row + i), top)));
    v128.store(row + i, value);
    total = f32x4.add(total, value);
  }
  return sum(total);
}
