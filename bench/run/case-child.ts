// The process of a case, and where it is quick of the next one too: see case-process.ts.
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';
import { answerParent } from './answer-parent.ts';

let isFirst = true;

answerParent(async (request: CaseRequest, tell): Promise<CaseResult> => {
  const { runCase } = await import('./run-case.ts');
  const { resultOfError } = await import('./result-of-error.ts');
  const result = await runCase(request, { tell }).catch(resultOfError);
  // Memory is never given back, so the peak of a later case would be that of the largest before it.
  const peakRssBytes = isFirst && 'peakRssBytes' in result ? result.peakRssBytes : undefined;
  isFirst = false;
  return { ...result, peakRssBytes };
});
