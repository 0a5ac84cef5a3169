import { autoround } from './autoround.ts';
import { awq } from './awq.ts';
import { gptq } from './gptq.ts';
import { hqq } from './hqq.ts';
import { imatrix } from './imatrix.ts';
import type { GridMethod } from './method.ts';
import { rtn } from './rtn.ts';

/** By the name that case ids have; the first is neutral. */
export const gridMethods = { rtn, hqq, imatrix, gptq, awq, autoround } satisfies Record<string, GridMethod>;
