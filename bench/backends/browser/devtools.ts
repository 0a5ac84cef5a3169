// Starts a browser with one page and talks to it by the DevTools protocol, over a pipe rather than a port: when this
// process dies, however it does, the pipe closes and the browser ends with it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Browser } from '../../contract/browser.ts';
import { consoleLine, type DevToolsEvent, type Thrown, textOf } from './page-console.ts';

export interface Page {
  /** Value of an expression in the page, once its promise is settled; must survive JSON. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Pages are tare's own, from this machine, and Chrome's sandbox needs rights that containers and root lack. The rest
 * keeps the browser from working in the background while it is timed, and from slowing down pages nobody looks at.
 */
const ARGS = [
  '--remote-debugging-pipe',
  '--no-sandbox',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
  '--disable-default-apps',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--password-store=basic',
  '--use-mock-keychain',
];

/** Run by the shell that starts the browser and outlives it, so that its profile goes whoever was killed. */
const GUARD = 'profile=$1; shift; "$@"; rm -rf "$profile" || { sleep 1; rm -rf "$profile"; }';
/** Last characters of what the browser wrote on stderr, kept to tell why it ended. */
const STDERR_TAIL = 2000;
const CLOSE_TIMEOUT_MS = 5000;

interface Message extends DevToolsEvent {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface PageOptions {
  /** Aborted before the page is there, it closes the browser and makes `openPage` reject. */
  readonly signal?: AbortSignal;
  /** Told what the page and its workers say on their consoles. Left out, nothing listens in on what is timed. */
  readonly onConsole?: (line: string) => void;
}

export async function openPage(browser: Browser, url: string, { signal, onConsole }: PageOptions = {}): Promise<Page> {
  const { path, args, env } = browser;
  const profile = mkdtempSync(join(tmpdir(), 'tare-browser-'));
  const command = [path, ...ARGS, ...args, `--user-data-dir=${profile}`, 'about:blank'];
  const shell = spawn('/bin/sh', ['-c', GUARD, 'sh', profile, ...command], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const connection = new Connection(shell);
  signal?.addEventListener('abort', () => connection.kill());
  const close = async () => {
    await connection.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await connection.send('Target.setDiscoverTargets', { discover: true });
    const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
    const evaluate = (expression: string) => connection.evaluate(expression, String(sessionId));
    if (onConsole !== undefined) await connection.listen(onConsole, String(sessionId));
    await connection.navigate(url, String(sessionId));
    return { evaluate, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Messages are JSON, each ended by a zero byte; a browser that ends answers all that is open with its last words. */
class Connection {
  readonly #shell: ChildProcess;
  readonly #closed: Promise<void>;
  /** By the number of a command, or by the name that the browser gives to the loading of a page. */
  readonly #waiting = new Map<number | string, PromiseWithResolvers<Record<string, unknown>>>();
  #onConsole: ((line: string) => void) | undefined;
  #failure: Error | undefined;
  #lastId = 0;
  #stderr = '';

  constructor(shell: ChildProcess) {
    this.#shell = shell;
    this.#closed = new Promise((resolve) => {
      shell.on('close', () => {
        this.#fail(new Error(`the browser ended${this.#lastWords()}`));
        resolve();
      });
    });
    shell.on('error', (error) => this.#fail(error));
    shell.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk).slice(-STDERR_TAIL);
    });
    // Writing to a browser that is gone is found out by its end.
    this.#input.on('error', () => {});
    let pending = '';
    this.#output.setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (pending + chunk).split('\0');
      pending = messages.pop() ?? '';
      for (const message of messages) this.#receive(JSON.parse(message));
    });
  }

  send(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<Record<string, unknown>>();
    const id = ++this.#lastId;
    this.#waiting.set(id, answer);
    this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answer.promise;
  }

  /** Until all of the page is there, its scripts too. The tab's first, empty page is loaded beforehand, or still being so. */
  async navigate(url: string, sessionId: string): Promise<void> {
    await this.send('Page.enable', {}, sessionId);
    await this.send('Page.setLifecycleEventsEnabled', { enabled: true }, sessionId);
    const { loaderId, errorText } = await this.send('Page.navigate', { url }, sessionId);
    // A page whose process ends is aborted, too; of that there is an event.
    if (errorText !== undefined && errorText !== 'net::ERR_ABORTED') {
      throw new Error(`the page could not be loaded: ${errorText}`);
    }
    // The event may have come together with the answer to this.
    if (this.#failure !== undefined) throw this.#failure;
    await this.#loadingOf(String(loaderId)).promise;
  }

  #loadingOf(loaderId: string): PromiseWithResolvers<Record<string, unknown>> {
    const loading = this.#waiting.get(loaderId) ?? Promise.withResolvers();
    this.#waiting.set(loaderId, loading);
    return loading;
  }

  async evaluate(expression: string, sessionId: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', options, sessionId)) as {
      result: { value?: unknown };
      exceptionDetails?: Thrown;
    };
    if (exceptionDetails === undefined) return result.value;
    throw errorOfPage(textOf(exceptionDetails));
  }

  /** The log of a page holds what its workers say, too. */
  async listen(onConsole: (line: string) => void, sessionId: string): Promise<void> {
    this.#onConsole = onConsole;
    await Promise.all(['Runtime.enable', 'Log.enable'].map((method) => this.send(method, {}, sessionId)));
  }

  async close(): Promise<void> {
    this.#input.end();
    const late = setTimeout(() => this.kill(), CLOSE_TIMEOUT_MS);
    await this.#closed;
    clearTimeout(late);
  }

  get #input(): Writable {
    return this.#shell.stdio[3] as Writable;
  }

  get #output(): Readable {
    return this.#shell.stdio[4] as Readable;
  }

  #receive(message: Message): void {
    const { id, result, error } = message;
    if (id === undefined) this.#hear(message);
    const answer = id === undefined ? undefined : this.#waiting.get(id);
    if (answer === undefined || id === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) answer.resolve(result ?? {});
    else answer.reject(new Error(`the browser answered: ${error.message}`));
  }

  #hear(event: DevToolsEvent): void {
    if (event.method === 'Target.targetCrashed') {
      const { status } = event.params as { status?: string };
      this.#fail(new Error(crashReason(status)));
    }
    if (event.method === 'Page.lifecycleEvent') {
      const { name, loaderId } = event.params as { name: string; loaderId: string };
      if (name === 'load') this.#loadingOf(loaderId).resolve({});
    }
    const line = consoleLine(event);
    if (line !== undefined) this.#onConsole?.(line);
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  /** The shell and the browser are a process group of their own. */
  kill(): void {
    try {
      process.kill(-(this.#shell.pid ?? Number.NaN), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }

  #lastWords(): string {
    const line = this.#stderr
      .split('\n')
      .map((text) => text.trim())
      .findLast((text) => text !== '');
    return line === undefined ? '' : `: ${line}`;
  }
}

/** As it was thrown there: its description is name, message and stack. */
function errorOfPage(description: string): Error {
  const [words] = description.split(/\n\s+at /, 1);
  return Object.assign(new Error(words.replace(/^(\w*Error: )+/, '')), { stack: description });
}

function crashReason(status: string | undefined): string {
  return status === 'oom' ? 'the page ran out of memory' : `the page's process ended (${status ?? 'crashed'})`;
}
