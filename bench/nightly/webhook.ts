// Tells somebody's server how a night went. A server that is down, slow or broken costs a little time and never the night.
import { setTimeout } from 'node:timers/promises';
import { InputError } from '../contract/input-error.ts';
import { visibleSentence } from '../contract/visible-text.ts';

export interface Patience {
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Before each further attempt. */
  readonly pausesMs: readonly number[];
}

const PATIENCE: Patience = { timeoutMs: 10_000, pausesMs: [1_000, 4_000, 16_000] };

/** The address in TARE_WEBHOOK; undefined where there is none. Throws InputError on what is no address, and does not repeat it: it may hold a secret. */
export function webhookOf(env: NodeJS.ProcessEnv): URL | undefined {
  const typed = env.TARE_WEBHOOK;
  if (typed === undefined || typed === '') return undefined;
  const url = URL.parse(typed);
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new InputError('TARE_WEBHOOK: must be an http or https address, got another text');
}

/**
 * Posts the body as JSON. `id` is the same however often a body is sent, since an answer that comes too late makes the server
 * get it again. Gives why it could not be delivered, undefined where it was.
 */
export async function postWebhook(
  url: URL,
  { id, body }: { readonly id: string; readonly body: object },
  signal: AbortSignal,
  { timeoutMs, pausesMs }: Patience = PATIENCE,
): Promise<string | undefined> {
  let failure: string | undefined;
  for (const pauseMs of [0, ...pausesMs]) {
    try {
      await setTimeout(pauseMs, undefined, { signal });
      const { status } = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'tare', 'idempotency-key': id },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      if (status >= 200 && status < 300) return undefined;
      failure = `${url.host} answered ${status}`;
      if (!mayPass(status)) return failure;
    } catch (error) {
      failure = `${url.host}: ${reasonOf(error, timeoutMs)}`;
      if (signal.aborted) return failure;
    }
  }
  return failure;
}

/** Whether another attempt may be answered otherwise: the server's own troubles, and not what it says of the request. */
function mayPass(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const { cause } = error;
  return visibleSentence(cause instanceof Error ? cause.message || cause.name : error.message);
}
