// Inner tiles of the int8 kernels: X in panels [M/mr][K][mr], W int8 in panels [N/4][K][4] → unscaled sums Y [M, ldY].
// Each pair of element types has a function of its own: V8 specialises a function to the types it sees, and one that
// saw two kinds of array would serve both badly.

/** 3×4 tiles, summed in f64. */
export function multiplyF32Tiles(
  X: Float32Array,
  W: Int8Array,
  Y: Float64Array,
  M: number,
  ldY: number,
  K: number,
): void {
  for (let n = 0; n < ldY; n += 4) {
    for (let m = 0; m < M; m += 3) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      let x = m * K;
      let w = n * K;
      for (let k = 0; k < K; k++) {
        const w0 = W[w + 0];
        const w1 = W[w + 1];
        const w2 = W[w + 2];
        const w3 = W[w + 3];
        const xa = X[x];
        a0 += xa * w0;
        a1 += xa * w1;
        a2 += xa * w2;
        a3 += xa * w3;
        const xb = X[x + 1];
        b0 += xb * w0;
        b1 += xb * w1;
        b2 += xb * w2;
        b3 += xb * w3;
        const xc = X[x + 2];
        c0 += xc * w0;
        c1 += xc * w1;
        c2 += xc * w2;
        c3 += xc * w3;
        x += 3;
        w += 4;
      }
      let y = m * ldY + n;
      Y[y] = a0;
      Y[y + 1] = a1;
      Y[y + 2] = a2;
      Y[y + 3] = a3;
      y += ldY;
      Y[y] = b0;
      Y[y + 1] = b1;
      Y[y + 2] = b2;
      Y[y + 3] = b3;
      y += ldY;
      Y[y] = c0;
      Y[y + 1] = c1;
      Y[y + 2] = c2;
      Y[y + 3] = c3;
    }
  }
}

/** 1×4 tiles, summed in f64. */
export function multiplyF32Rows(
  X: Float32Array,
  W: Int8Array,
  Y: Float64Array,
  M: number,
  ldY: number,
  K: number,
): void {
  for (let n = 0; n < ldY; n += 4) {
    for (let m = 0; m < M; m += 1) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let x = m * K;
      let w = n * K;
      for (let k = 0; k < K; k++) {
        const xa = X[x];
        a0 += xa * W[w];
        a1 += xa * W[w + 1];
        a2 += xa * W[w + 2];
        a3 += xa * W[w + 3];
        x++;
        w += 4;
      }
      const y = m * ldY + n;
      Y[y] = a0;
      Y[y + 1] = a1;
      Y[y + 2] = a2;
      Y[y + 3] = a3;
    }
  }
}

/** 3×4 tiles, summed in int32: 127²·K stays below 2³¹ up to K = 133 000. */
export function multiplyInt8Tiles(
  X: Int8Array,
  W: Int8Array,
  Y: Float64Array,
  M: number,
  ldY: number,
  K: number,
): void {
  for (let n = 0; n < ldY; n += 4) {
    for (let m = 0; m < M; m += 3) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let b0 = 0;
      let b1 = 0;
      let b2 = 0;
      let b3 = 0;
      let c0 = 0;
      let c1 = 0;
      let c2 = 0;
      let c3 = 0;
      let x = m * K;
      let w = n * K;
      for (let k = 0; k < K; k++) {
        const w0 = W[w + 0];
        const w1 = W[w + 1];
        const w2 = W[w + 2];
        const w3 = W[w + 3];
        const xa = X[x];
        a0 = (a0 + xa * w0) | 0;
        a1 = (a1 + xa * w1) | 0;
        a2 = (a2 + xa * w2) | 0;
        a3 = (a3 + xa * w3) | 0;
        const xb = X[x + 1];
        b0 = (b0 + xb * w0) | 0;
        b1 = (b1 + xb * w1) | 0;
        b2 = (b2 + xb * w2) | 0;
        b3 = (b3 + xb * w3) | 0;
        const xc = X[x + 2];
        c0 = (c0 + xc * w0) | 0;
        c1 = (c1 + xc * w1) | 0;
        c2 = (c2 + xc * w2) | 0;
        c3 = (c3 + xc * w3) | 0;
        x += 3;
        w += 4;
      }
      let y = m * ldY + n;
      Y[y] = a0;
      Y[y + 1] = a1;
      Y[y + 2] = a2;
      Y[y + 3] = a3;
      y += ldY;
      Y[y] = b0;
      Y[y + 1] = b1;
      Y[y + 2] = b2;
      Y[y + 3] = b3;
      y += ldY;
      Y[y] = c0;
      Y[y + 1] = c1;
      Y[y + 2] = c2;
      Y[y + 3] = c3;
    }
  }
}

/** 1×4 tiles, summed in int32. */
export function multiplyInt8Rows(X: Int8Array, W: Int8Array, Y: Float64Array, M: number, ldY: number, K: number): void {
  for (let n = 0; n < ldY; n += 4) {
    for (let m = 0; m < M; m += 1) {
      let a0 = 0;
      let a1 = 0;
      let a2 = 0;
      let a3 = 0;
      let x = m * K;
      let w = n * K;
      for (let k = 0; k < K; k++) {
        const xa = X[x];
        a0 = (a0 + xa * W[w]) | 0;
        a1 = (a1 + xa * W[w + 1]) | 0;
        a2 = (a2 + xa * W[w + 2]) | 0;
        a3 = (a3 + xa * W[w + 3]) | 0;
        x++;
        w += 4;
      }
      const y = m * ldY + n;
      Y[y] = a0;
      Y[y + 1] = a1;
      Y[y + 2] = a2;
      Y[y + 3] = a3;
    }
  }
}
