// Child processes that are asked and answer: what crashes, hangs or eats the memory there becomes a word about it here.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { getCompileCacheDir } from 'node:module';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { NODE_FLAGS } from '../contract/node-flags.ts';
import { visibleSentence } from '../contract/visible-text.ts';
import { type Asked, LEAVE } from './child-messages.ts';

/**
 * Run by the shell that becomes the child. A child outlives a killed tare only until its processor time is up, and the
 * system's out-of-memory killer takes it first.
 */
const GUARDS = '{ ulimit -t "$1"; echo 1000 > /proc/self/oom_score_adj; } 2>/dev/null; shift; exec "$@"';
/** Spare processor time beyond what the time limit allows, in s, so that the parent's own clock rings first. */
const SPARE_CPU_S = 10;
/** Last characters of what a child wrote on stderr, kept to tell why it died. */
const STDERR_TAIL = 4000;
/** A child that was let go has only its caches to write; one that takes longer is killed. */
const LEAVE_MS = 5000;

export interface IsolateOptions {
  /** Of one answer; the first one's includes the start of the process. */
  readonly timeoutS: number;
  readonly env: Readonly<Record<string, string>>;
  /** Flags Node is started with. */
  readonly execArgv: readonly string[];
  /** Shows what the child writes on stderr. */
  readonly debug: boolean;
  readonly signal: AbortSignal;
  /** Told what a child is at before it answers. */
  readonly onStage?: (stage: string) => void;
}

/** What became of a child that gave no answer. */
export interface Death {
  readonly status: 'timeout' | 'oom' | 'error';
  readonly reason: string;
}

const NO_ANSWER: Death = {
  status: 'error',
  reason: 'the process sent a message of its own, which is no result',
};

const Answered = z.object({ id: z.string(), answer: z.unknown() });
const Staged = z.object({ id: z.string(), stage: z.string() });

/** A process of `script`, which must call `answerParent`. One question at a time. */
export class Child {
  readonly #options: IsolateOptions;
  readonly #process: ChildProcess;
  readonly #closed: Promise<readonly [code: number | null, killedBy: NodeJS.Signals | null]>;
  #stderr = '';
  #timedOut = false;

  /** `questions`: the most that it will be asked, for which its processor time must last. */
  constructor(script: string, questions: number, options: IsolateOptions) {
    const cpuLimitS = questions * Math.ceil(options.timeoutS * availableParallelism()) + SPARE_CPU_S;
    const command = [process.execPath, ...NODE_FLAGS, ...options.execArgv, script];
    this.#options = options;
    this.#process = spawn('/bin/sh', ['-c', GUARDS, 'sh', String(cpuLimitS), ...command], {
      // Stripped types and compiled code are kept from child to child, which saves each about 0.2 s of its start.
      env: { NODE_COMPILE_CACHE: getCompileCacheDir(), ...process.env, ...options.env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      if (options.debug) process.stderr.write(chunk);
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_TAIL);
    });
    this.#closed = once(this.#process, 'close').then(([code, killedBy]) => [code, killedBy]);
  }

  /**
   * The answer, whatever it is, or why there is none: then the process has ended. Never rejects for what a child does; the
   * signal's abort kills it and gives undefined.
   */
  async ask(request: unknown): Promise<{ readonly answer: unknown } | Death | undefined> {
    const { timeoutS, signal } = this.#options;
    const timer = setTimeout(() => {
      this.#timedOut = true;
      this.kill();
    }, timeoutS * 1000);
    const abort = () => this.kill();
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    try {
      const said = await Promise.race([this.#answer(request), this.#closed.then(() => undefined)]);
      if (said !== undefined && !('status' in said) && !signal.aborted) return said;
      this.kill();
      const [code, killedBy] = await this.#closed;
      return signal.aborted ? undefined : (said ?? this.#causeOfDeath(code, killedBy));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    }
  }

  /** Lets it go and waits until it has gone: the next one is not to be measured beside it. */
  async end(): Promise<void> {
    this.#send(LEAVE);
    const patience = new AbortController();
    const kill = delay(LEAVE_MS, undefined, { signal: patience.signal }).then(
      () => this.kill(),
      () => {},
    );
    await this.#closed;
    patience.abort();
    await kill;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /**
   * Kernels share the channel with the harness, so what comes without the request's own id is not its answer. One listener
   * hears all: of several messages that lie ready, Node takes those behind the first from one who listens `once` at a time.
   */
  #answer(request: unknown): Promise<{ readonly answer: unknown } | Death> {
    const asked: Asked = { id: randomUUID(), request };
    return new Promise((resolve) => {
      const hear = (message: unknown) => {
        const staged = Staged.safeParse(message).data;
        if (staged?.id === asked.id) return this.#options.onStage?.(staged.stage);
        this.#process.off('message', hear);
        const { data } = Answered.safeParse(message);
        resolve(data?.id === asked.id ? { answer: data.answer } : NO_ANSWER);
      };
      this.#process.on('message', hear);
      this.#send(asked);
    });
  }

  /** A process that has gone or hung up says so by its end. */
  #send(message: Asked | typeof LEAVE): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  #causeOfDeath(code: number | null, killedBy: NodeJS.Signals | null): Death {
    const { timeoutS } = this.#options;
    if (this.#timedOut || killedBy === 'SIGXCPU')
      return { status: 'timeout', reason: `took longer than ${timeoutS} s` };
    if (/heap out of memory|bad_alloc|Cannot allocate memory/.test(this.#stderr)) {
      return { status: 'oom', reason: 'the process ran out of memory' };
    }
    if (killedBy === 'SIGKILL') {
      return { status: 'oom', reason: "killed by SIGKILL, as the system's out-of-memory killer does" };
    }
    const how = killedBy === null ? `exited with code ${code}` : `died of ${killedBy}`;
    const last = visibleSentence(lastWords(this.#stderr));
    return { status: 'error', reason: `the process ${how} before it had a result${last === '' ? '' : `: ${last}`}` };
  }
}

/** What a process of `script` answers to one request, or what became of it; undefined where the signal aborted. */
export async function runChild<Answer>(
  script: string,
  request: unknown,
  options: IsolateOptions,
): Promise<Answer | Death | undefined> {
  const child = new Child(script, 1, options);
  const said = await child.ask(request);
  await child.end();
  return said === undefined || 'status' in said ? said : (said.answer as Answer);
}

/** The line of stderr that names the error, or else its last one. */
function lastWords(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /error|fatal|abort/i.test(line)) ?? lines.at(-1) ?? '';
}
