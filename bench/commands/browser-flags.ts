// The flags that say which browser pages are opened in.
import type { InferredOptionTypes, Options } from 'yargs';
import { chosenBrowser } from '../backends/browser/find-browser.ts';
import type { BrowserChoice } from '../contract/browser.ts';
import { once } from './selection-flags.ts';

export const browserFlags = {
  browser: {
    type: 'string',
    requiresArg: true,
    coerce: once('browser'),
    describe: "program of your own Chrome, Chromium or Edge for the chromium-* backends, whose GPU is this machine's",
    defaultDescription: 'the packaged Chromium',
  },
  headed: { type: 'boolean', default: false, describe: 'show the window of --browser' },
} as const satisfies Record<string, Options>;

/** Throws InputError where the browser is none. */
export function browserOf({ browser, headed }: InferredOptionTypes<typeof browserFlags>): Promise<BrowserChoice> {
  return chosenBrowser({ path: browser, headed });
}
