// The gamma function's logarithm and its first two derivatives, for positive arguments.

/** Lanczos's approximation with g = 7 and nine terms (coefficients of Paul Godfrey), good to 15 digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** log Γ(x). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const series = LANCZOS.slice(1).reduce((sum, coefficient, i) => sum + coefficient / (x + i), LANCZOS[0]);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series);
}

/** Beyond it the asymptotic series below are good to 15 digits. */
const ASYMPTOTIC = 10;

/** ψ(x), the derivative of log Γ (Abramowitz & Stegun 6.3.5 and 6.3.18). */
export function digamma(x: number): number {
  if (x < ASYMPTOTIC) return digamma(x + 1) - 1 / x;
  const s = 1 / (x * x);
  return Math.log(x) - 1 / (2 * x) - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132)))));
}

/** ψ′(x) (Abramowitz & Stegun 6.4.6 and 6.4.12). */
export function trigamma(x: number): number {
  if (x < ASYMPTOTIC) return trigamma(x + 1) + 1 / (x * x);
  const s = 1 / (x * x);
  const series = s * (1 / 6 - s * (1 / 30 - s * (1 / 42 - s * (1 / 30 - s * (5 / 66)))));
  return (1 + 1 / (2 * x) + series) / x;
}

/** The x > 0 with ψ′(x) = y, for y > 0: Newton's steps on 1/ψ′, which rise towards it (Smyth 2004, appendix). */
export function inverseTrigamma(y: number): number {
  let x = 0.5 + 1 / y;
  for (let step = 0; step < 50; step++) {
    const value = trigamma(x);
    const change = (value * (1 - value / y)) / tetragamma(x);
    x += change;
    if (Math.abs(change) < 1e-12 * x) break;
  }
  return x;
}

/** ψ″(x) (Abramowitz & Stegun 6.4.6 and 6.4.13); only steers Newton's steps. */
function tetragamma(x: number): number {
  if (x < ASYMPTOTIC) return tetragamma(x + 1) - 2 / x ** 3;
  const s = 1 / (x * x);
  return -s * (1 + 1 / x + s * (1 / 2 - s * (1 / 6 - s * (1 / 6))));
}
