// What tare does without until it is wanted, and which packages bring it: a checkout's lockfile has most of them, the package has
// them as optional peers.
export const optionalPartNames = ['gpu', 'chromium', 'pages', 'wasm', 'query', 'fleet'] as const;
export type OptionalPart = (typeof optionalPartNames)[number];

interface Part {
  readonly brings: string;
  readonly packages: readonly string[];
  /** What brings it in a checkout, where that is not `npm ci`. */
  readonly inCheckout?: string;
}

export const optionalParts: Readonly<Record<OptionalPart, Part>> = {
  gpu: {
    brings: 'WebGPU in Node for gpujs-webgpu, and an adapter in software where the machine has none',
    packages: ['webgpu', '@sparticuz/chromium'],
  },
  chromium: { brings: 'a browser for chromium-* and for PNGs', packages: ['@sparticuz/chromium'] },
  pages: { brings: 'pages with techniques of your own: chromium-* beside --kernels', packages: ['esbuild'] },
  wasm: { brings: 'the compiler of techniques of your own in WebAssembly', packages: ['assemblyscript'] },
  query: {
    brings: 'DuckDB for tare query and tare archive',
    packages: ['@duckdb/node-api'],
    inCheckout: 'npm run duckdb:install',
  },
  fleet: {
    brings: 'BullMQ and the drivers of its servers for tare fleet',
    packages: ['bullmq', 'ioredis', 'pg'],
    inCheckout: 'npm run queue:install',
  },
};
