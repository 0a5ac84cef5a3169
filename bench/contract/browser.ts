/** What the command line says of browsers. */
export interface BrowserChoice {
  /** Program of the user's own Chrome, Chromium or Edge. */
  readonly path?: string;
  /** Shows a window. */
  readonly headed: boolean;
  /** Whichever opens the page of `tare serve`, once. */
  readonly isVisitor?: true;
}

/** A browser as it is started. */
export interface Browser {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const pageRuntimes = ['webgl2', 'webgpu', 'wasm'] as const;

export type PageRuntime = (typeof pageRuntimes)[number];
