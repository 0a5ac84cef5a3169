// tare serve --collect: phones and laptops open a link with a token, and each measures a run of its own. Every visitor has a page,
// a run and files apart, so that nothing of one ever reaches another.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { type Incoming, RequestError, type Route } from '../backends/browser/page-server.ts';
import { visibleSentence } from '../contract/visible-text.ts';
import { type Serving, serveRuns } from './routes.ts';

export interface Collection {
  readonly token: string;
  readonly route: Route;
  /** Called before a body is read; throws RequestError on what is nobody's or too much. */
  admit(request: Incoming): void;
  stop(): Promise<void>;
}

const MOST_VISITORS = 64;
/** Requests that an address may make at once, and in a second from then on: a page asks for a few files a case. */
const BURST = 200;
const PER_SECOND = 20;
/** Of a user agent: longer ones are nobody's. */
const MOST_LETTERS = 300;
const COOKIE = /(?:^|;\s*)tare=([0-9a-f]{32})(?:;|$)/;

/** `secure` where it is served by https. */
export function collectRuns({ out, secure }: { readonly out: string; readonly secure: boolean }): Collection {
  const token = randomBytes(16).toString('hex');
  const visitors = new Map<string, Serving>();
  const takes = rateLimit();
  const visitorOf = (cookie = '') => visitors.get(COOKIE.exec(cookie)?.[1] ?? '');
  return {
    token,
    admit({ path, query, cookie, address }) {
      if (!takes(address)) throw new RequestError(429, `requests: must be at most ${PER_SECOND} a second, got more`);
      if (visitorOf(cookie) !== undefined) return;
      if (path !== '/' || !isEqual(query.get('token') ?? '', token))
        throw new RequestError(403, 'token: must be that of the link, got another or none');
      if (visitors.size >= MOST_VISITORS)
        throw new RequestError(503, `visitors: must be at most ${MOST_VISITORS}, got one more`);
    },
    route(asked) {
      const { path, query, cookie, userAgent } = asked;
      const known = visitorOf(cookie);
      if (known !== undefined && !(path === '/' && query.has('token'))) return known.route(asked);
      if (known !== undefined) return LET_IN;
      const id = randomBytes(16).toString('hex');
      visitors.set(id, serveRuns({ out, visitor: visibleSentence(userAgent, MOST_LETTERS) }));
      return {
        ...LET_IN,
        headers: {
          ...LET_IN.headers,
          'Set-Cookie': `tare=${id}; HttpOnly; SameSite=Lax; Path=/${secure ? '; Secure' : ''}`,
        },
      };
    },
    stop: async () => {
      await Promise.all([...visitors.values()].map((serving) => serving.stop()));
    },
  };
}

/** To the page, without the token in its address. */
const LET_IN = { status: 303, type: 'text/html', body: '', headers: { Location: '/' } } as const;

function isEqual(given: string, token: string): boolean {
  return given.length === token.length && timingSafeEqual(Buffer.from(given.padEnd(token.length)), Buffer.from(token));
}

/** Whether one more request of an address is taken, by a bucket that fills again with time. */
export function rateLimit(now: () => number = () => performance.now()): (address: string) => boolean {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return (address) => {
    const bucket = buckets.get(address) ?? { left: BURST, atMs: now() };
    const left = Math.min(BURST, bucket.left + ((now() - bucket.atMs) / 1000) * PER_SECOND);
    buckets.delete(address);
    buckets.set(address, { left: Math.max(0, left - 1), atMs: now() });
    // The address that was silent for longest has a full bucket again.
    if (buckets.size > MOST_ADDRESSES) buckets.delete([...buckets.keys()][0]);
    return left >= 1;
  };
}

const MOST_ADDRESSES = 4096;
