// One child process a case: what crashes, hangs or eats the memory there becomes a row here.
import { spawn } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { CaseRequest } from '../contract/case-request.ts';
import type { CaseResult } from '../contract/case-result.ts';

const CHILD = join(import.meta.dirname, 'case-child.ts');

/**
 * Run by the shell that becomes the child. A child outlives a killed tare only until its processor time is up, and the
 * system's out-of-memory killer takes it first.
 */
const GUARDS = '{ ulimit -t "$1"; echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null; shift; exec "$@"';
/** Spare processor time beyond what the time limit allows, in s, so that the parent's own clock rings first. */
const SPARE_CPU_S = 10;
/** Last characters of what a child wrote on stderr, kept to tell why it died. */
const STDERR_TAIL = 4000;

export interface IsolateOptions {
  readonly timeoutS: number;
  readonly env: Readonly<Record<string, string>>;
  /** Flags Node is started with. */
  readonly execArgv: readonly string[];
  /** Shows what the child writes on stderr. */
  readonly debug: boolean;
  readonly signal: AbortSignal;
}

export function runIsolated(request: CaseRequest, options: IsolateOptions): Promise<CaseResult | undefined> {
  return runChild<CaseResult>(CHILD, request, options);
}

/** What became of a child that sent no result. */
export interface Death {
  readonly status: 'timeout' | 'oom' | 'error';
  readonly reason: string;
}

/**
 * The message that `script` sends, which finds the request as JSON in its first argument. Never rejects for what a child
 * does; the signal's abort kills the child and gives undefined.
 */
export function runChild<Result>(
  script: string,
  request: unknown,
  options: IsolateOptions,
): Promise<Result | Death | undefined> {
  const { timeoutS, env, signal } = options;
  const cpuLimitS = Math.ceil(timeoutS * availableParallelism()) + SPARE_CPU_S;
  const command = [process.execPath, ...options.execArgv, script, JSON.stringify(request)];
  const child = spawn('/bin/sh', ['-c', GUARDS, 'sh', String(cpuLimitS), ...command], {
    // Stripped types and compiled code are kept from child to child, which saves each about 0.2 s of its start.
    env: { NODE_COMPILE_CACHE: getCompileCacheDir(), ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    let result: Result | undefined;
    let stderr = '';
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutS * 1000);
    const abort = () => child.kill('SIGKILL');
    signal.addEventListener('abort', abort);
    child.stderr?.on('data', (chunk: Buffer) => {
      if (options.debug) process.stderr.write(chunk);
      stderr = (stderr + chunk).slice(-STDERR_TAIL);
    });
    child.on('message', (message) => {
      result = message as Result;
    });
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      if (signal.aborted) resolve(undefined);
      else if (result !== undefined) resolve(result);
      else if (timedOut || killedBy === 'SIGXCPU')
        resolve({ status: 'timeout', reason: `took longer than ${timeoutS} s` });
      else resolve(causeOfDeath(code, killedBy, stderr));
    });
  });
}

function causeOfDeath(code: number | null, killedBy: NodeJS.Signals | null, stderr: string): Death {
  if (/heap out of memory|bad_alloc|Cannot allocate memory/.test(stderr)) {
    return { status: 'oom', reason: 'the process ran out of memory' };
  }
  if (killedBy === 'SIGKILL') {
    return { status: 'oom', reason: "killed by SIGKILL, as the system's out-of-memory killer does" };
  }
  const how = killedBy === null ? `exited with code ${code}` : `died of ${killedBy}`;
  const last = lastWords(stderr);
  return { status: 'error', reason: `the process ${how} before it had a result${last === '' ? '' : `: ${last}`}` };
}

/** The line of stderr that names the error, or else its last one. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /error|fatal|abort/i.test(line)) ?? lines.at(-1) ?? '';
}
