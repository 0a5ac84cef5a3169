// Serves pages to browsers on this machine, and to others only where that is asked for, isolated from other origins: shared memory and a clock of
// 5 µs are given to such pages only.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { visibleSentence } from '../../contract/visible-text.ts';

/** What is known of a request before its body is read. */
export interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly cookie: string | undefined;
  readonly userAgent: string;
  readonly address: string;
}

export interface Asked extends Incoming {
  /** Parsed JSON of a POST. */
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly type:
    | 'text/html'
    | 'text/javascript'
    | 'text/css'
    | 'text/csv'
    | 'application/json'
    | 'application/wasm'
    | 'application/octet-stream';
  readonly body: string | Uint8Array;
  /** Name under which a browser saves it. */
  readonly saveAs?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves the answer open for as long as the page wants it, and is told when that ends, however it does. */
  readonly whenGone?: () => void;
}

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Answers of one path at a time; undefined where there is nothing. */
export type Route = (asked: Asked) => Answer | undefined | Promise<Answer | undefined>;

/** What a page may be told is wrong with what it sent. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const LOOPBACK = '127.0.0.1';
/** A case's samples are the largest thing a page sends. */
const MAX_BODY_BYTES = 32 * 2 ** 20;

const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // gpu.js and vega compile functions out of text.
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

export interface ServeRules {
  /** Of this machine, to listen at; the loopback where not said. */
  readonly host?: string;
  /** Without a certificate browsers isolate pages of this machine alone. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Called before a body is read; throws RequestError. */
  readonly admit?: (request: Incoming) => void;
  readonly mostBodyBytes?: number;
}

/** Port 0 is any free one. */
export async function servePages(route: Route, port: number, rules: ServeRules = {}): Promise<PageServer> {
  const { host = LOOPBACK, tls } = rules;
  const listener = (request: IncomingMessage, response: ServerResponse) => void answer(request, response, route, rules);
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const shown = host.includes(':') ? `[${host}]` : host;
  const url = `http${tls === undefined ? '' : 's'}://${shown}:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  route: Route,
  { admit, tls, host, mostBodyBytes = MAX_BODY_BYTES }: ServeRules,
): Promise<void> {
  try {
    assertOwn(request, tls === undefined ? 'http' : 'https', host);
    const { method = 'GET', url = '/', headers } = request;
    const { pathname: path, searchParams: query } = new URL(url, 'http://localhost');
    const { cookie, 'user-agent': userAgent = '' } = headers;
    const incoming = { method, path, query, cookie, userAgent, address: request.socket.remoteAddress ?? '' };
    admit?.(incoming);
    const body = method === 'POST' ? await readJson(request, mostBodyBytes) : undefined;
    const found = await route({ ...incoming, body });
    if (found === undefined)
      throw new RequestError(404, `${method} ${path}: must name something served, got nothing there`);
    send(response, found);
  } catch (error) {
    const status = error instanceof RequestError ? error.status : 500;
    send(response, {
      status,
      // Of a body that was not read to its end, the rest is not waited for.
      headers: { Connection: 'close' },
      type: 'application/json',
      body: JSON.stringify({ error: visibleSentence((error as Error).message) }),
    });
  }
}

/** This machine's names for itself, at any port: a forwarded one is another than that which the server listens at. */
const OWN_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** Other sites reach a loopback server too: through a name that resolves to it, or by requests of their own pages. */
function assertOwn({ headers }: IncomingMessage, scheme: string, listening: string | undefined): void {
  const { host = '', origin } = headers;
  if (!OWN_HOST.test(host) && !(listening !== undefined && isOfThisMachine(host)))
    throw new RequestError(403, `host: must be localhost or ${LOOPBACK}, got ${host}`);
  if (origin !== undefined && origin !== `${scheme}://${host}`) {
    throw new RequestError(403, `origin: must be ${scheme}://${host}, got ${origin}`);
  }
}

/** By an address of its own, or by its name. */
function isOfThisMachine(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1');
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  return [...addresses, hostname(), `${hostname()}.local`].includes(name);
}

async function readJson(request: IncomingMessage, mostBytes: number): Promise<unknown> {
  if (request.headers['content-type'] !== 'application/json') {
    throw new RequestError(
      400,
      `content-type: must be application/json, got ${request.headers['content-type'] ?? 'none'}`,
    );
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > mostBytes) throw new RequestError(413, `body: must be at most ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new RequestError(400, 'body: must be JSON');
  }
}

function send(response: ServerResponse, { status = 200, type, body, saveAs, headers, whenGone }: Answer): void {
  const disposition = saveAs === undefined ? {} : { 'Content-Disposition': `attachment; filename="${saveAs}"` };
  response.writeHead(status, {
    ...HEADERS,
    ...disposition,
    ...headers,
    'Content-Type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
  });
  if (whenGone === undefined) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  response.on('close', whenGone);
}
