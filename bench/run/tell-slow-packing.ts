const SLOW_PACKING_MS = 2000;

/** Says so where weights take long to be chosen. */
export function tellSlowPacking(say: (what: string) => void): (stage: string) => void {
  let timer: NodeJS.Timeout | undefined;
  return (stage) => {
    clearTimeout(timer);
    if (stage === 'packing') timer = setTimeout(() => say('choosing the weights of'), SLOW_PACKING_MS).unref();
  };
}
