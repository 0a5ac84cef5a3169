// The process that measures a case, and where starting it is most of the cost a few cases one after another.
import { z } from 'zod';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';
import { CaseResult as ResultSchema } from '../contract/case-result-schema.ts';
import { moduleFile } from '../contract/module-file.ts';
import { Child, type IsolateOptions } from './isolate.ts';

const CHILD = moduleFile('./case-child.ts', import.meta.filename);

/** One case at a time; a process is started when there is a case for it. */
export class CaseProcess {
  readonly #options: IsolateOptions;
  readonly #mostCases: number;
  #child: Child | undefined;

  constructor(mostCases: number, options: IsolateOptions) {
    this.#mostCases = mostCases;
    this.#options = options;
  }

  /**
   * What the case came to; undefined where the signal aborted. What goes wrong behind another case may be that one's doing,
   * so it is measured again in a process of its own, and that counts; the next case gets a new process too.
   */
  async measure(request: CaseRequest): Promise<CaseResult | undefined> {
    const isFirst = this.#child === undefined;
    this.#child ??= new Child(CHILD, this.#mostCases, this.#options);
    const result = await ask(this.#child, request);
    if (result === undefined || isSound(result)) return result;
    await this.end();
    return isFirst ? result : this.measure(request);
  }

  /** Waits until the process is gone: nothing is to be measured beside its end. */
  async end(): Promise<void> {
    await this.#child?.end();
    this.#child = undefined;
  }
}

async function ask(child: Child, request: CaseRequest): Promise<CaseResult | undefined> {
  const said = await child.ask(request);
  if (said === undefined || 'status' in said) return said;
  const { data, error } = ResultSchema.safeParse(said.answer);
  if (data !== undefined) return data;
  const problem = z.prettifyError(error).split('\n')[0];
  return { status: 'error', reason: `the process sent what is no result: ${problem}` };
}

function isSound({ status, driftOk }: CaseResult): boolean {
  if (driftOk === false) return false;
  return status === 'ok' || status === 'noisy' || status === 'skipped' || status === 'unsupported';
}
