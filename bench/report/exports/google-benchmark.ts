// The JSON of Google Benchmark, for its tools/compare.py and whatever else reads it. Its readers take a case's times without
// looking whether it failed, so that only measured cases can stand here.
import type { ResultRow } from '../../results/columns.ts';
import { outcomeOf } from '../../results/failure.ts';
import { figures, isMeasured, jsonText } from './figures.ts';

export function formatGoogleBenchmark(rows: readonly ResultRow[]): string {
  const [first] = rows;
  const context = {
    date: first.started_at,
    executable: 'tare',
    num_cpus: first.cpu_count,
    caches: [],
    run_id: first.run_id,
    git_commit: first.git_commit,
    cpu_model: first.cpu_model,
  };
  return jsonText({ context, benchmarks: rows.filter(isMeasured).map(benchmarkOf) });
}

function benchmarkOf(row: ResultRow, index: number) {
  const outcome = outcomeOf(row);
  const counters = figures.filter(({ column }) => column !== 'p20_ns');
  return {
    name: row.case_id,
    family_index: index,
    per_family_instance_index: 0,
    run_name: row.case_id,
    run_type: 'iteration',
    repetitions: 1,
    repetition_index: 0,
    threads: row.threads ?? 1,
    iterations: row.samples ?? 0,
    real_time: row.p20_ns,
    // Readers want one; tare times by the clock alone.
    cpu_time: row.p20_ns,
    time_unit: 'ns',
    label: outcome === 'ok' ? undefined : outcome,
    ...Object.fromEntries(counters.map(({ column }) => [column, row[column]])),
  };
}
