/** Charts of one run, in the order a reader asks: what is worth taking, how sure that is, where it holds, what it costs. */
export const chartNames = [
  'pareto',
  'models',
  'speed-ups',
  'heat-map',
  'ladder',
  'roofline',
  'memory',
  'drift',
] as const;
export type ChartName = (typeof chartNames)[number];
