// ONNX's DynamicQuantizeLinear: activations as unsigned int8, x ≈ scale · (q − zeroPoint) with one scale and one zero
// point for the whole tensor, github.com/onnx/onnx/blob/main/docs/Operators.md#DynamicQuantizeLinear.

const UINT8_MAX = 255;

/**
 * X as the operator sees it, in its own f32 arithmetic. `slack` is one step where a value lies so near a tie that
 * another order of its roundings may send it the other way, or at the end of the range while the zero point does.
 */
export function quantizeDynamically(X: Float32Array): { X: Float32Array; slack: Float32Array } {
  const min = X.reduce((a, b) => Math.min(a, b), 0);
  const max = X.reduce((a, b) => Math.max(a, b), 0);
  const scale = max === min ? 1 : Math.fround(Math.fround(max - min) / UINT8_MAX);
  const exactZeroPoint = Math.fround(-min / scale);
  const zeroPoint = clamp(roundHalfToEven(exactZeroPoint));
  const quantized = new Float32Array(X.length);
  const slack = new Float32Array(X.length);
  X.forEach((x, i) => {
    const quotient = Math.fround(x / scale);
    const q = clamp(roundHalfToEven(quotient) + zeroPoint);
    quantized[i] = scale * (q - zeroPoint);
    const mayClamp = (q === 0 || q === UINT8_MAX) && isNearTie(exactZeroPoint);
    if (isNearTie(quotient) || mayClamp) slack[i] = scale;
  });
  return { X: quantized, slack };
}

function clamp(q: number): number {
  return Math.max(0, Math.min(UINT8_MAX, q));
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function isNearTie(quotient: number): boolean {
  const magnitude = Math.abs(quotient);
  // Three roundings of f32 (range, scale, quotient), each 2⁻²⁴ of a quotient of at most 255, and one for an inverse.
  return Math.abs(magnitude - Math.floor(magnitude) - 0.5) <= 4 * UINT8_MAX * 2 ** -24;
}
