import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { type PageServer, servePages } from '../backends/browser/page-server.ts';
import { InputError } from '../contract/input-error.ts';
import { makeResultsFolder } from '../run/run.ts';
import { serveRuns } from '../serve/routes.ts';
import { once, onceNumber } from './selection-flags.ts';
import { resultsFolder } from './users-folder.ts';

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
  out: {
    type: 'string',
    requiresArg: true,
    default: resultsFolder(),
    defaultDescription: "tare's own results/",
    coerce: once('out'),
    describe: 'folder the results go to',
  },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags>>;

export const serveCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'serve',
  describe: 'a page that measures in your own browser, on its GPU',
  builder: (yargs) =>
    yargs.options(flags).example('$0 serve', 'then open the address it prints in Chrome, Chromium or Edge'),
  handler: serve,
};

/** Serves until a signal asks it to stop; a run that is not finished then stays behind as interrupted, with its rows. */
async function serve({ port, out }: Flags): Promise<void> {
  makeResultsFolder(out);
  const serving = serveRuns({ out });
  const server = await listen(serving.route, port);
  process.stdout.write(`${server.url}\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await serving.stop();
  await server.close();
}

async function listen(route: Parameters<typeof servePages>[0], port: number): Promise<PageServer> {
  try {
    return await servePages(route, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`--port: must be free, got ${code} at ${port}; --port 0 takes any free one`);
  }
}
