import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { type PageServer, type Route, type ServeRules, servePages } from '../backends/browser/page-server.ts';
import { InputError } from '../contract/input-error.ts';
import { makeResultsFolder } from '../run/run.ts';
import { collectRuns } from '../serve/collection.ts';
import { serveRuns } from '../serve/routes.ts';
import { outFlag } from './out-flag.ts';
import { once, onceNumber } from './selection-flags.ts';

const DEFAULT_PORT = 8273;
const MAX_PORT = 65_535;

const flags = {
  port: {
    requiresArg: true,
    coerce: onceNumber('port', {
      must: `must be from 0 to ${MAX_PORT}`,
      isRight: (value) => Number.isInteger(value) && value >= 0 && value <= MAX_PORT,
    }),
    default: DEFAULT_PORT,
    describe: 'port on this machine; 0 takes any free one',
  },
  out: outFlag,
  collect: {
    type: 'boolean',
    default: false,
    describe: 'for browsers of several machines: a link with a token, and a run of its own for each that opens it',
  },
  host: {
    type: 'string',
    requiresArg: true,
    coerce: once('host'),
    describe: 'with --collect: address of this machine that others reach, such as 0.0.0.0',
    defaultDescription: 'this machine alone',
  },
  cert: {
    type: 'string',
    requiresArg: true,
    coerce: once('cert'),
    describe: 'with --host: PEM file of a certificate that those browsers trust; without one they measure nothing',
  },
  key: { type: 'string', requiresArg: true, coerce: once('key'), describe: 'PEM file of its key' },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags>>;

export const serveCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'serve',
  describe: 'a page that measures in your own browser, on its GPU',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 serve', 'then open the address it prints in Chrome, Chromium or Edge')
      .example('$0 serve --collect --host 0.0.0.0 --cert c.pem --key k.pem', 'for phones on the same network'),
  handler: serve,
};

/** Of what a visitor of --collect sends: the samples of a case are some hundred KiB. */
const MOST_VISITED_BYTES = 4 * 2 ** 20;

/** Serves until a signal asks it to stop; a run that is not finished then stays behind as interrupted, with its rows. */
async function serve(argv: Flags): Promise<void> {
  const { port, out, collect, host } = argv;
  if (!collect && host !== undefined)
    throw new InputError('--host: must go with --collect, which asks those that come for a token');
  const tls = tlsOf(argv);
  makeResultsFolder(out);
  const collection = collect ? collectRuns({ out, secure: tls !== undefined }) : undefined;
  const serving = collection ?? serveRuns({ out });
  const rules = { host, tls, admit: collection?.admit, mostBodyBytes: collection && MOST_VISITED_BYTES };
  const server = await listen(serving.route, port, rules);
  process.stdout.write(`${collection === undefined ? server.url : linkOf(server.url, collection.token)}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await serving.stop();
  await server.close();
}

/** What a visitor opens: an address that others reach, where the server listens at all of them. */
function linkOf(url: string, token: string): string {
  const link = new URL(url);
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const outer = addresses.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (['0.0.0.0', '[::]'].includes(link.hostname)) link.hostname = outer ?? 'localhost';
  link.searchParams.set('token', token);
  return link.href;
}

/** Browsers isolate pages, and give them their GPU, where they are of the same machine or come encrypted. */
function tlsOf({ cert, key, host }: Flags): ServeRules['tls'] {
  if (host !== undefined && !/^(127\.[\d.]+|::1|localhost)$/.test(host) && cert === undefined)
    throw new InputError(
      '--host: must go with --cert and --key, since browsers measure in pages of other machines only where those are encrypted',
    );
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined || host === undefined)
    throw new InputError('--cert: must go with --key and --host, got one without the others');
  return { cert: readPem('cert', cert), key: readPem('key', key) };
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new InputError(
      `--${flag}: must be a file that can be read, got ${(error as NodeJS.ErrnoException).code} at ${path}`,
    );
  }
}

async function listen(route: Route, port: number, rules: ServeRules): Promise<PageServer> {
  try {
    return await servePages(route, port, rules);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES')
      throw new InputError(`--port: must be free, got ${code} at ${port}; --port 0 takes any free one`);
    throw new InputError(`--host: must be an address of this machine, with a certificate and its key, got ${code}`);
  }
}
