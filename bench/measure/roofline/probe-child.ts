// The process that measures limits, started like that of a case: its argument is a request, its message the answer.
import { measureBandwidth, measurePeaks } from './measure.ts';
import type { ProbeAnswer, ProbeRequest } from './probe.ts';

const { width, threads, sizes }: ProbeRequest = JSON.parse(process.argv[2]);
const answer: ProbeAnswer = {
  peaks: await measurePeaks(width, threads),
  bandwidth: sizes.length === 0 ? [] : await measureBandwidth(sizes, threads),
};
process.send?.(answer, undefined, undefined, () => process.exit(0));
