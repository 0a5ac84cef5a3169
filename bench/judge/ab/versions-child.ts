// The process of one repetition.
import { answerParent } from '../../run/answer-parent.ts';
import type { VersionsRequest } from './time-versions.ts';

answerParent(async (request: VersionsRequest) => {
  const { timeVersions } = await import('./time-versions.ts');
  return timeVersions(request);
});
