// Calls that are written down in memory, made by a team of threads without coming back to JavaScript between them. A call is cut
// into shares; threads take them in order, whoever is free, each once all that it depends on is finished.
import { ARGS, CALLS, DONE, SLEEPERS, TOTAL } from './blocks';
import { callWith } from './tiles';

/** Some 50 µs, about what it costs to wake a thread. */
const SPINS: i32 = 40_000;
/** After so many ns a sleeping thread looks whether another one has trapped. */
const NAP: i64 = 50_000_000;

// One entry of [from, to) is a thread. program: shares taken, shares finished, sleeping threads, all shares, then calls of
// [shares finished before it begins, its first share, its shares, items, function, arguments, those…]; `trapped` is no longer 0
// once a thread has trapped.
export function conduct(from: i32, to: i32, program: usize, trapped: usize): void {
  const total = load<i32>(program, TOTAL);
  let call = program + CALLS;
  for (;;) {
    const taken = atomic.load<i32>(program);
    if (taken >= total) return;
    while (taken >= load<i32>(call, 4) + load<i32>(call, 8)) call += ARGS + (load<i32>(call, 20) << 2);
    const before = load<i32>(call);
    if (atomic.load<i32>(program, DONE) < before) waitFor(program, before, trapped);
    if (atomic.cmpxchg<i32>(program, taken, taken + 1) != taken) continue;
    const share = taken - load<i32>(call, 4);
    const shares = load<i32>(call, 8);
    const items = load<i32>(call, 12);
    callWith(load<i32>(call, 16), items * share / shares, items * (share + 1) / shares, load<i32>(call, 20), call + ARGS);
    atomic.add<i32>(program, 1, DONE);
    if (atomic.load<i32>(program, SLEEPERS) > 0) atomic.notify(program + DONE, -1);
  }
}

// Until so many shares are finished
function waitFor(program: usize, shares: i32, trapped: usize): void {
  for (let spins = 0; spins < SPINS; spins++) if (atomic.load<i32>(program, DONE) >= shares) return;
  atomic.add<i32>(program, 1, SLEEPERS);
  for (let done = atomic.load<i32>(program, DONE); done < shares; done = atomic.load<i32>(program, DONE)) {
    if (atomic.load<i32>(trapped) != 0) unreachable();
    atomic.wait<i32>(program + DONE, done, NAP);
  }
  atomic.sub<i32>(program, 1, SLEEPERS);
}
