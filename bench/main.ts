#!/usr/bin/env node
// The program. What it keeps of stripped types and compiled code takes hold of what is loaded afterwards only, and halves
// the time a command takes to start.
import * as nodeModule from 'node:module';
import { NODE_FLAGS } from './contract/node-flags.ts';

// An older Node lacks what the other modules import, and would say so in its own words.
if (!('registerHooks' in nodeModule)) {
  process.stderr.write(`tare: Node: must be 22.18 or newer, got ${process.version}\n`);
  process.exit(2);
}
// Where there is no `execve`, as on Windows, it takes Node 24.
if (typeof Float16Array === 'undefined')
  process.execve?.(process.execPath, [process.execPath, ...NODE_FLAGS, ...process.argv.slice(1)]);
nodeModule.enableCompileCache();
const { enterUsersFolder } = await import('./commands/users-folder.ts');
enterUsersFolder();
const { runCommandLine } = await import('./commands/command-line.ts');
await runCommandLine(process.argv.slice(2));
