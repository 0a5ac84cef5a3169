/** A change of a logarithm: +0.0488 reads +5.0 %. */
export function percent(log: number, unit = ' %'): string {
  const value = Math.expm1(log) * 100;
  return `${value < 0 ? '' : '+'}${Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1)}${unit}`;
}
