#!/usr/bin/env node
// The program. What it keeps of stripped types and compiled code takes hold of what is loaded afterwards only, and halves
// the time a command takes to start.
import { enableCompileCache } from 'node:module';

enableCompileCache();
const { enterUsersFolder } = await import('./commands/users-folder.ts');
enterUsersFolder();
const { runCommandLine } = await import('./commands/command-line.ts');
await runCommandLine(process.argv.slice(2));
