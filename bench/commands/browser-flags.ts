// The flags that say which browser pages are opened in.
import { resolve } from 'node:path';
import type { InferredOptionTypes, Options } from 'yargs';
import { checkChoice } from '../backends/browser/find-browser.ts';
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
export async function browserOf(flags: InferredOptionTypes<typeof browserFlags>): Promise<BrowserChoice> {
  // A name is looked up in PATH; a path must hold for a run that is resumed elsewhere.
  const path = flags.browser?.includes('/') ? resolve(flags.browser) : flags.browser;
  const choice = { path, headed: flags.headed };
  await checkChoice(choice);
  return choice;
}
