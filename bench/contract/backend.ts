import type { Browser, BrowserChoice, PageRuntime } from './browser.ts';
import type { Platform } from './machine.ts';
import type { KernelKind, Runtimes } from './runtimes/runtimes.ts';

export type AdapterType = 'none' | 'hardware' | 'software';

export interface AvailableBackend extends Platform {
  readonly available: true;
  readonly adapterType: AdapterType;
  /** What a child process must be started with to find the adapter. */
  readonly env: Readonly<Record<string, string>>;
  /** What a child process opens its page in. */
  readonly browser?: Browser;
}

export type BackendStatus = AvailableBackend | { readonly available: false; readonly reason: string };

export interface BackendFacts {
  readonly id: string;
  readonly summary: string;
  readonly device: 'cpu' | 'gpu';
  readonly kind: KernelKind;
  /** Threads the kernel itself uses, of those asked for. */
  threads(asked: number): number;
  /** Takes part only where the command line or a suite names it. */
  readonly onlyWhenNamed?: true;
  /** Widest vectors the kernels use, whose measured peak they are held against; 128 where not said. */
  readonly vectorBits?: 256;
  /** Runs machine code: no roofline measured with WebAssembly bounds it. */
  readonly isNative?: true;
  /** Flags Node must be started with. */
  readonly execArgv?: readonly string[];
  /** Can it run here, and on what; if not, why and how to mend it. */
  probe(browser: BrowserChoice): Promise<BackendStatus>;
  /** Why a technique can't be measured here although the backend runs: its rows are skipped. */
  whyNot?(technique: string): Promise<string | undefined>;
}

/** Runs in the case's own process. */
export interface NodeBackend extends BackendFacts {
  readonly page?: undefined;
  open(threads: number): Promise<Runtimes[KernelKind]>;
}

/** Runs in a page that the case's process opens in a browser. */
export interface PageBackend extends BackendFacts {
  readonly page: PageRuntime;
}

export type Backend = NodeBackend | PageBackend;
