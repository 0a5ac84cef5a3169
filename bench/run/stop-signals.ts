// Ctrl-C stops what is under way and lets it clean up; a second one stops at once.

export const INTERRUPTED = 130;
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let firstMs = 0;
  const interrupt = () => {
    // Some senders signal both the process and its group, which is one wish to stop and not two.
    if (stop.signal.aborted && performance.now() - firstMs > 1000) process.exit(INTERRUPTED);
    firstMs ||= performance.now();
    stop.abort();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, interrupt);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, interrupt);
  }
}
