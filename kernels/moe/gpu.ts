import type { MoeProblem, MoeWeights } from '../../bench/contract/problem.ts';
import type { Gpu, GpuBuffer, GpuProgram, Resident } from '../../bench/contract/runtimes/gpujs.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import { withRelu } from '../dense/gpu-relu.ts';
import {
  chooseExperts,
  countRows,
  expertsOfAll,
  expertsOfPanels,
  fourColumns,
  fourRows,
  gatherRows,
  mixOne,
  mixRows,
  placesOfAll,
  placesOfChoices,
  rowsOfAll,
  rowsOfPanels,
  scoreExperts,
  startsOfExperts,
} from './gpu-steps.ts';
import { newRouting, route } from './route.ts';
import { type Taken, totalBytes, workOf } from './weights.ts';

/** Rows that a thread takes through an expert together. */
const PANEL = 4;

interface Parts {
  readonly problem: MoeProblem;
  readonly taken: Taken;
  readonly perRow: number;
  readonly fours: number;
  readonly router: Resident;
  readonly W1: Resident;
  readonly bias: Resident;
  readonly W2: Resident;
}

/**
 * X [M,K] f32 → Y [M,K] f32. Rows are put side by side in panels of four of one expert, some of them empty, since how many there are
 * becomes known only on the device; one row alone meets each of its experts by itself.
 */
export async function gpuMoe(
  { packed, problem, runtime }: KernelContext<'moe', MoeWeights, unknown, Gpu>,
  taken: Taken,
): Promise<PreparedKernel<'moe'>> {
  const { M, K, hidden, experts, topK } = problem;
  const [paddedK, width] = [roundUp(K, 4), roundUp(hidden, 4)];
  const program = runtime.createProgram();
  const input = program.input([4, paddedK / 4, M]);
  const parts: Parts = {
    problem,
    taken,
    perRow: taken === 'all' ? experts : topK,
    fours: paddedK / 4,
    router: { size: [paddedK, experts], values: widened(packed.router, 1, experts, K, experts, paddedK) },
    W1: { size: [paddedK, experts * width], values: widened(packed.W1, experts, hidden, K, width, paddedK) },
    bias: { size: [experts * width], values: widened(packed.b1, experts, 1, hidden, 1, width) },
    W2: { size: [width, experts * paddedK], values: widened(packed.W2, experts, K, hidden, paddedK, width) },
  };
  const scores = await program.step(scoreExperts, {
    threads: [experts, M],
    constants: { fours: parts.fours, router: parts.router },
    inputs: [input],
  });
  const chosen = await program.step(chooseExperts, {
    threads: [parts.perRow, M],
    constants: { experts, best: topK, isAll: taken === 'all' ? 1 : 0 },
    inputs: [scores],
  });
  const output = await (M === 1 ? appendOne : appendRows)(program, parts, input, chosen);
  const [padded, X, Y] = [M * paddedK, M * K, M * K].map((length) => new Float32Array(length));
  return {
    upload: (activations) => {
      X.set(activations.X);
      for (let m = 0; m < M; m++) padded.set(X.subarray(m * K, (m + 1) * K), m * paddedK);
      return program.upload(input, padded);
    },
    run: () => program.run(),
    deviceSpan: program.deviceSpan,
    readOutput: async () => {
      const values = await program.read(output);
      for (let m = 0; m < M; m++) Y.set(values.subarray(m * paddedK, m * paddedK + K), m * K);
      return Y;
    },
    work: () => workOf(problem, packed, rowsOf(problem, packed, X, taken)),
    workspaceBytes: program.intermediateBytes + Math.max(0, program.residentBytes - totalBytes(packed)),
    get deviceBytes() {
      return program.deviceBytes;
    },
    dispose: () => program.dispose(),
  };
}

/** Each of the choices of the only row. */
async function appendOne(program: GpuProgram, parts: Parts, X: GpuBuffer, chosen: GpuBuffer): Promise<GpuBuffer> {
  const { perRow, fours, W1, bias, W2 } = parts;
  const innerFours = W2.size[0] / 4;
  const columns = [0, 1, 2, 3].map((i) => `first + ${i}`);
  const hidden = await program.step(withRelu(fourColumns, columns), {
    threads: [innerFours, perRow],
    constants: { fours, fourRows: innerFours, step: 0, W: W1, bias },
    inputs: [X, chosen],
  });
  const outputs = await program.step(fourColumns, {
    threads: [fours, perRow],
    constants: { fours: innerFours, fourRows: fours, step: 1, W: W2 },
    inputs: [hidden, chosen],
  });
  return program.step(mixOne, { threads: [4 * fours], constants: { perRow }, inputs: [outputs, chosen] });
}

async function appendRows(program: GpuProgram, parts: Parts, X: GpuBuffer, chosen: GpuBuffer): Promise<GpuBuffer> {
  const { perRow, fours, W1, bias, W2, problem } = parts;
  const { M } = problem;
  const { panels, experts, rows, places } = await (parts.taken === 'all' ? panelsOfAll : panelsOfChosen)(
    program,
    parts,
    chosen,
  );
  const own = await program.step(gatherRows, { threads: [4 * fours, panels], constants: {}, inputs: [X, rows] });
  const width = W2.size[0];
  const column = [0, 1, 2, 3].map(() => 'row');
  const hidden = await program.step(withRelu(fourRows, column), {
    threads: [width, panels],
    constants: { columns: 4 * fours, rows: width, W: W1, bias },
    inputs: [own, experts],
  });
  const outputs = await program.step(fourRows, {
    threads: [4 * fours, panels],
    constants: { columns: width, rows: 4 * fours, W: W2 },
    inputs: [hidden, experts],
  });
  return program.step(mixRows, {
    threads: [4 * fours, M],
    constants: { perRow },
    inputs: [outputs, chosen, places],
  });
}

interface Panels {
  readonly panels: number;
  /** [panels]: −1 where there are no rows. */
  readonly experts: GpuBuffer;
  /** [panels, 4] */
  readonly rows: GpuBuffer;
  /** [M, perRow]: panel · 4 + place in it. */
  readonly places: GpuBuffer;
}

async function panelsOfChosen(program: GpuProgram, { problem, perRow }: Parts, chosen: GpuBuffer): Promise<Panels> {
  const { M, experts } = problem;
  const most = M * perRow;
  const panels = Math.floor((most + (PANEL - 1) * Math.min(experts, most)) / PANEL);
  const counted = { M, perRow };
  const counts = await program.step(countRows, { threads: [experts], constants: counted, inputs: [chosen] });
  const starts = await program.step(startsOfExperts, {
    threads: [experts + 1],
    constants: { experts },
    inputs: [counts],
  });
  const own = await program.step(expertsOfPanels, { threads: [panels], constants: { experts }, inputs: [starts] });
  return {
    panels,
    experts: own,
    rows: await program.step(rowsOfPanels, { threads: [panels], constants: counted, inputs: [chosen, starts, own] }),
    places: await program.step(placesOfChoices, {
      threads: [perRow, M],
      constants: counted,
      inputs: [chosen, starts],
    }),
  };
}

async function panelsOfAll(program: GpuProgram, { problem, perRow }: Parts, chosen: GpuBuffer): Promise<Panels> {
  const { M, experts } = problem;
  const each = Math.ceil(M / PANEL);
  const panels = experts * each;
  const inputs = [chosen] as const;
  return {
    panels,
    experts: await program.step(expertsOfAll, { threads: [panels], constants: { each }, inputs }),
    rows: await program.step(rowsOfAll, { threads: [panels], constants: { each, last: M - 1 }, inputs }),
    places: await program.step(placesOfAll, { threads: [perRow, M], constants: { each }, inputs }),
  };
}

/** Matrices [rows,K] one after another → [newRows,newK], zeros behind. */
function widened(
  values: Float32Array,
  matrices: number,
  rows: number,
  K: number,
  newRows: number,
  newK: number,
): Float32Array {
  const into = new Float32Array(matrices * newRows * newK);
  for (let i = 0; i < matrices; i++) {
    for (let row = 0; row < rows; row++) {
      const from = (i * rows + row) * K;
      into.set(values.subarray(from, from + K), (i * newRows + row) * newK);
    }
  }
  return into;
}

/** How many rows each expert has, counted anew: the device keeps what it found. */
function rowsOf({ M, K, experts, topK }: MoeProblem, { router }: MoeWeights, X: Float32Array, taken: Taken): number[] {
  const scores = Float32Array.from({ length: M * experts }, (_, at) => {
    const [x, w] = [Math.floor(at / experts) * K, (at % experts) * K];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += X[x + k] * router[w + k];
    return sum;
  });
  const routing = newRouting(M, experts, topK, taken);
  route(scores, experts, routing);
  return Array.from(routing.ends, (end, e) => end - (e === 0 ? 0 : routing.ends[e - 1]));
}
