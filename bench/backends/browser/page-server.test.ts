import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PageServer, servePages } from './page-server.ts';

let server: PageServer;
beforeAll(async () => {
  server = await servePages(({ body }) => ({ type: 'application/json', body: JSON.stringify({ got: body }) }), 0);
});
afterAll(() => server.close());

/** fetch would not let a test lie about its host. */
function ask(headers: Record<string, string>, body?: string): Promise<{ status?: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, { method: body === undefined ? 'GET' : 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    sent.on('error', reject).end(body);
  });
}

const json = { 'content-type': 'application/json' };

test.each([
  [
    'a name that resolves to this machine',
    { host: 'evil.example' },
    undefined,
    403,
    /host: must be localhost or 127\.0\.0\.1, got evil\.example/,
  ],
  [
    'a name that begins with that of this machine',
    { host: 'localhost.evil.example:9000' },
    undefined,
    403,
    /host: must/,
  ],
  [
    'a page at another port',
    { host: 'localhost:9000', origin: 'http://localhost:3000' },
    undefined,
    403,
    /origin: must/,
  ],
  ['a page of another site', { origin: 'https://evil.example' }, undefined, 403, /origin: must be http/],
  ['a form of another site', { 'content-type': 'text/plain' }, '{}', 400, /content-type: must be application\/json/],
  ['what is no JSON', json, '{', 400, /body: must be JSON/],
])('a request by %s is refused in one line', async (_, headers, body, status, message) => {
  const answer = await ask(headers, body);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text).error).toMatch(message);
});

test.each(['localhost:9000', '127.0.0.1:9000', '[::1]:9000', 'localhost'])(
  'a port forwarded to %s is served',
  async (host) => {
    expect(await ask({ host, origin: `http://${host}`, ...json }, '[1]')).toEqual({ status: 200, text: '{"got":[1]}' });
  },
);

test('pages are isolated from other origins', async () => {
  const { headers, ok } = await fetch(server.url);
  expect(ok).toBe(true);
  expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
  expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
});

test('what was sent arrives', async () => {
  expect(await ask(json, '[1]')).toEqual({ status: 200, text: '{"got":[1]}' });
});
