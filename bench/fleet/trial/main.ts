// The queue is put through what its tests have no time for: `npm run fleet:trial -- kills`, and `-- growth <workers> <cases>`.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { growTo } from './growth.ts';
import { type ServerKind, serverKinds, startServer, type TrialServer, whyNoServer } from './servers.ts';
import { tryFleet } from './trial.ts';

const [part = 'kills', workers = '1', cases = '1000', only = ''] = process.argv.slice(2);

for (const kind of serverKinds.filter((each) => only === '' || each === only)) {
  const reason = whyNoServer(kind);
  if (reason !== undefined) {
    process.stdout.write(`${kind}: left out: ${reason}\n`);
    continue;
  }
  const server = await startServer(
    kind,
    kind === 'postgres' ? ['-c', `max_connections=${3 * Number(workers) + 20}`] : [],
  );
  try {
    const said =
      part === 'growth' ? await growTo(server, Number(workers), Number(cases)) : await killWorkers(kind, server);
    process.stdout.write(`${JSON.stringify({ kind, ...said }, undefined, 2)}\n`);
  } finally {
    await server.stop();
  }
}

/** Three workers and 200 cases for each; fails where a case was lost or doubled. */
async function killWorkers(kind: ServerKind, server: TrialServer) {
  const folder = mkdtempSync(join(tmpdir(), `tare-trial-${kind}-`));
  const trial = { workers: 3, cases: 600, caseMs: 100, kills: 20, crashes: 2, lostAfterMs: 2000, folder };
  const { collected, said, ...outcome } = await tryFleet(server, trial);
  if (outcome.lost.length + outcome.doubled.length > 0) process.exitCode = 1;
  return { rows: collected.delivered, deliveredAgain: collected.rest.length, ...outcome };
}
