export interface Machine {
  readonly cpu_model: string;
  readonly cpu_count: number;
  readonly os: string;
  readonly node_version: string;
  readonly v8_version: string;
}

/** What beside the machine a kernel ran on. */
export interface Platform {
  /** Name of the GPU adapter; empty on CPU backends. */
  readonly adapter: string;
  readonly driver: string;
  /** Package and version of a runtime that is not tare's own; name and version of a browser. */
  readonly version?: string;
}
