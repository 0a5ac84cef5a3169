// What an error Δ of W [N,K] does to the outputs on calibration activations: ‖X·Δᵀ‖² = tr(Δ·H·Δᵀ), H = XᵀX.

/** Of rows first, first + step … of Δ [N,K]. */
export function outputError(delta: Float64Array, H: Float64Array, N: number, K: number, step = 1): number {
  let sum = 0;
  let n = 0;
  for (; n + 3 * step < N; n += 4 * step) sum += ofFourRows(delta, H, n * K, step * K, K);
  for (; n < N; n += step) sum += ofRow(delta, H, n * K, K);
  return sum;
}

/** H is symmetric: entries right of the diagonal count twice. */
function ofRow(delta: Float64Array, H: Float64Array, row: number, K: number): number {
  let sum = 0;
  for (let i = 0; i < K; i++) {
    let product = 0.5 * H[i * K + i] * delta[row + i];
    for (let j = i + 1; j < K; j++) product += H[i * K + j] * delta[row + j];
    sum += 2 * product * delta[row + i];
  }
  return sum;
}

function ofFourRows(delta: Float64Array, H: Float64Array, a: number, stride: number, K: number): number {
  const b = a + stride;
  const c = b + stride;
  const d = c + stride;
  let sum = 0;
  for (let i = 0; i < K; i++) {
    const own = 0.5 * H[i * K + i];
    let pa = own * delta[a + i];
    let pb = own * delta[b + i];
    let pc = own * delta[c + i];
    let pd = own * delta[d + i];
    for (let j = i + 1; j < K; j++) {
      const h = H[i * K + j];
      pa += h * delta[a + j];
      pb += h * delta[b + j];
      pc += h * delta[c + j];
      pd += h * delta[d + j];
    }
    sum += 2 * (pa * delta[a + i] + pb * delta[b + i] + pc * delta[c + i] + pd * delta[d + i]);
  }
  return sum;
}
