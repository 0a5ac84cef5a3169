// What each case of a run took, as a small file that --shard-costs reads:
//   node bench/record-costs.ts results/<run>.csv > results/nightly-costs.csv
import { stringify } from 'csv-stringify/sync';
import { shardCosts } from './api/shard-costs.ts';

const costs = [...shardCosts(process.argv[2])].toSorted(([a], [b]) => (a < b ? -1 : 1));
const records = costs.map(([caseId, costS]) => [caseId, costS.toFixed(1)]);
process.stdout.write(stringify([['case_id', 'took_s'], ...records]));
