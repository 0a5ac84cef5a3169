// The process of one repetition: takes the request as its argument, sends the result and leaves.
import '../../run/leave-with-parent.ts';
import type { VersionsRequest } from './time-versions.ts';

const request: VersionsRequest = JSON.parse(process.argv[2]);
const { timeVersions } = await import('./time-versions.ts');
const result = await timeVersions(request);
process.send?.(result, undefined, undefined, () => process.exit(0));
