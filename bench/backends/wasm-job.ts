// How the threads of a team share out a call: through a control block in shared memory. A call is cut into shares,
// and whoever has nothing to do takes the next one. So the caller waits only for shares that another thread has begun:
// beside other load, where a thread may not get a core for milliseconds, the others do its work.
import type { Export } from './wasm-instance.ts';

export type Control = Int32Array<SharedArrayBuffer>;
/** Functions by the numbers that jobs name them by. */
export type Table = (index: number) => Export;

/** The number of the job, and in the low bits how many of its shares nobody has taken yet. */
const JOB = 0;
const SHARE_BITS = 10;
const SHARE_MASK = 2 ** SHARE_BITS - 1;
export const MAX_SHARES = SHARE_MASK;
/** How many of its shares are finished. */
const DONE = 1;
/** 1 once a share has trapped. */
const FAILED = 2;
/** Which function is called, on how many items, in how many shares, with how many arguments, which follow. */
const FUNCTION = 3;
const COUNT = 4;
const SHARES = 5;
const ARGS_LENGTH = 6;
/** How many functions a thread must know before it runs a share: one function may call others. */
const KNOWN = 7;
const ARGS = 8;
const MAX_ARGS = 24;
const CONTROL_BYTES = 4 * (ARGS + MAX_ARGS);

/** Of that block, what is no longer 0 once a share has trapped. */
export const FAILED_BYTES = 4 * FAILED;

export function newControl(buffer = new SharedArrayBuffer(CONTROL_BYTES), at = 0): Control {
  return new Int32Array(buffer, at, CONTROL_BYTES / 4);
}

export function announceFunctions(control: Control, known: number): void {
  Atomics.store(control, KNOWN, known);
}

export function knownFunctions(control: Control): number {
  return Atomics.load(control, KNOWN);
}

/** First item of a share of [0, count). */
export function shareStart(count: number, share: number, shares: number): number {
  return Math.floor((count * share) / shares);
}

/** Offers a job to all threads but keeps its last share for the caller. Only to be called when the one before is finished. */
export function offerJob(control: Control, fn: number, count: number, shares: number, args: readonly number[]): void {
  control[FUNCTION] = fn;
  control[COUNT] = count;
  control[SHARES] = shares;
  control[ARGS_LENGTH] = args.length;
  for (let i = 0; i < args.length; i++) control[ARGS + i] = args[i];
  Atomics.store(control, DONE, 0);
  const number = (Atomics.load(control, JOB) >> SHARE_BITS) + 1;
  Atomics.store(control, JOB, (number << SHARE_BITS) | (shares - 1));
  Atomics.notify(control, JOB);
}

/** Runs shares of the job that nobody has taken until there are none; returns what stands at JOB then. */
export function takeShares(control: Control, table: Table): number {
  let job = Atomics.load(control, JOB);
  while ((job & SHARE_MASK) > 0) {
    const found = Atomics.compareExchange(control, JOB, job, job - 1);
    // Once a share is taken, the job can't end before it does, and all that describes the job stays.
    if (found === job) runShare(control, table, (job & SHARE_MASK) - 1);
    job = found === job ? Atomics.load(control, JOB) : found;
  }
  return job;
}

export function runShare(control: Control, table: Table, share: number): void {
  const count = control[COUNT];
  const shares = control[SHARES];
  try {
    table(control[FUNCTION])(
      shareStart(count, share, shares),
      shareStart(count, share + 1, shares),
      ...control.subarray(ARGS, ARGS + control[ARGS_LENGTH]),
    );
  } catch {
    Atomics.store(control, FAILED, 1);
  }
  if (Atomics.add(control, DONE, 1) + 1 === shares) Atomics.notify(control, DONE);
}

/** Waits until a thread offers another job than the one seen. */
export function waitForJob(control: Control, seen: number): void {
  waitWhile(control, JOB, seen);
}

/** Waits until all shares are finished; says whether none trapped. */
export function waitUntilDone(control: Control): boolean {
  for (let done = Atomics.load(control, DONE); done < control[SHARES]; done = Atomics.load(control, DONE)) {
    waitWhile(control, DONE, done);
  }
  return Atomics.load(control, FAILED) === 0;
}

/**
 * Looks at the control block before a thread goes to sleep: some 50 µs, about what waking it costs. That is longer than
 * the pause between two timed calls, and short beside the milliseconds for which a busy machine would give the core that
 * the looking takes to nobody else.
 */
const SPINS = 4000;

function waitWhile(control: Control, place: number, value: number): void {
  for (let spins = 0; spins < SPINS; spins++) if (Atomics.load(control, place) !== value) return;
  Atomics.wait(control, place, value);
}
