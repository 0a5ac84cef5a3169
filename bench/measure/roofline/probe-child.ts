// The process that measures limits, started like that of a case: its argument is a request, its message the answer.
import { measureBandwidth, measurePeaks } from './measure.ts';
import type { ProbeRequest } from './probe.ts';

const request: ProbeRequest = JSON.parse(process.argv[2]);
const answer = request.kind === 'peaks' ? await measurePeaks(request.width) : await measureBandwidth(request.sizes);
process.send?.(answer, undefined, undefined, () => process.exit(0));
