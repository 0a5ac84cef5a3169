// The process of one case: takes the request as its argument, sends the result and leaves.
import './leave-with-parent.ts';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';

const request: CaseRequest = JSON.parse(process.argv[2]);
const { runCase } = await import('./run-case.ts');
const { resultOfError } = await import('./result-of-error.ts');
let result: CaseResult;
try {
  result = await runCase(request);
} catch (error) {
  result = resultOfError(error);
}
process.send?.(result, undefined, undefined, () => process.exit(0));
