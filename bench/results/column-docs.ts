// results/README.md, made from the table of columns.
import { columns, SCHEMA_VERSION } from './columns.ts';

export function columnDocs(): string {
  const groups = [...Map.groupBy(columns, (column) => column.group)];
  const tables = groups.map(([group, members]) => {
    const rows = members.map(({ name, type, doc }) => `| \`${name}\` | ${type} | ${doc.replaceAll('|', '\\|')} |`);
    return [`## ${group}`, '', '| column | type | meaning |', '|---|---|---|', ...rows].join('\n');
  });
  return `${INTRODUCTION}\n\n${tables.join('\n\n')}\n`;
}

const INTRODUCTION = `# Results

Every run leaves three files here, named by its id:

- \`<run>.csv\` — one row a case, described below, schema version ${SCHEMA_VERSION};
- \`<run>.samples.jsonl\` — the raw samples that the rows were made of, a line for each \`pass\` of a case: \`candidate_ns\` and
  \`baseline_ns\`, times per call in ns, round by round, and \`canary_cycles\`, what the canary that tells a shared core
  read beside them, the median of each round;
- \`<run>.run.json\` — what was asked, the cases, the machine and its backends.

Until all cases have their rows there is \`<run>.passes.jsonl\` too: what their passes so far came to, for \`--resume\`.

\`histories/\` holds real runs of one commit, their CSVs gzipped, by which [compare and track are judged](../docs/trust.md).

The CSV is quoted as RFC 4180 says, with LF line ends, and read by column name: columns are only ever appended. Text that
a spreadsheet would take for a formula stands behind an apostrophe. A figure that is absent is an empty cell, never 0 or
NaN. Booleans are \`true\` and \`false\`; times are nanoseconds per call.

This page is made from \`bench/results/columns.ts\`; \`npx vitest run bench/results/column-docs -u\` writes it anew.`;
