// The same GGUF file in llama.cpp and in tare: how near their next-token probabilities are, and how many tokens a second each
// takes in, timed in turn in one process: `node bench/beside-llama-cpp.ts MODEL --text FILE`. Prints the tables of docs/models.md.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type LlamaCppModel, openLlamaCpp, probeLlamaCpp } from './backends/peers/llama-cpp.ts';
import { openWasm } from './backends/wasm.ts';
import { KERNELS_DIR, loadTechnique } from './cases/registry.ts';
import { programArguments } from './commands/program-arguments.ts';
import { InputError } from './contract/input-error.ts';
import { EMBEDDING, headName, type LinearLayer } from './contract/model.ts';
import type { Params, Technique } from './contract/technique.ts';
import { isOfGguf, matrixFormat } from './inputs/model-files/matrix-format.ts';
import { openModel } from './inputs/model-files/open-model.ts';
import type { OpenedModel } from './inputs/model-files/opened-model.ts';
import { f32, type MatrixFormat, type ModelMatrix, writeModel } from './inputs/model-files/write-model.ts';
import { pairedRatio } from './measure/figures.ts';
import { measureInTurn } from './measure/in-turn.ts';
import { timerResolutionNs } from './measure/timer-resolution.ts';
import type { Timed } from './measure/warm-up.ts';
import { keepPacked, type PackedModel, packModel, repeatLayers } from './models/packed-model.ts';
import { placeModel } from './models/place-model.ts';
import type { Placement, RunningModel } from './models/running-model.ts';
import { scoreOf, scoreToken, type TokenScore } from './models/score-tokens.ts';
import { quantile } from './statistics/quantile.ts';

const INT8: Params = { activations: 'int8-32' };
/** Tokens taken in from a beginning, then from the next, where the model was trained for as many. */
const LONGEST_STRETCH = 512;
/** Tokens in the cache where decoding is timed, and as many taken in at once where prefill is. */
const CONTEXT = 256;
const CAPACITY = 2 * CONTEXT;
const BUDGET = { warmupMs: 300, measureMs: 3000, rounds: 25 };

const Asked = z.object({
  model: z.string(),
  text: z.string().optional(),
  tokens: z.int().positive(),
  threads: z.array(z.int().nonnegative()),
  technique: z.array(z.string()),
  head: z.string().optional(),
  scale: z.int().positive(),
});

const asked = Asked.parse(
  await programArguments(
    'beside-llama-cpp',
    '$0 MODEL\n\nThe same GGUF file in llama.cpp and in tare: how near their predictions are and how fast each is.',
    (yargs) =>
      yargs.command('$0 <model>', false, (line) =>
        line
          .positional('model', {
            type: 'string',
            demandOption: true,
            describe: 'a .gguf, or a Hugging Face folder, which is written as one by each technique',
          })
          .option('technique', {
            type: 'string',
            array: true,
            default: ['dense', 'q8-0', 'q4-0', 'q4-k', 'q6-k'],
            describe: "of tare's products, with f32 and with int8-32 activations",
          })
          .option('head', {
            type: 'string',
            describe: 'the technique of the head, where it is another than that of layers',
          })
          .option('text', { type: 'string', describe: 'a file whose tokens are predicted; without one, speed alone' })
          .option('tokens', { type: 'number', default: 2048, describe: 'of the text at most' })
          .option('threads', {
            type: 'number',
            array: true,
            default: [1, 2],
            describe: 'numbers to time; 0 times none',
          })
          .option('scale', { type: 'number', default: 1, describe: "times a folder's stack of layers is repeated" })
          .check(({ tokens, threads, scale }) => {
            const wrong = [tokens, scale, ...threads.filter((count) => count !== 0)].find(
              (count) => !(Number.isInteger(count) && count > 0),
            );
            if (wrong === undefined) return true;
            throw new InputError(`tokens, threads, scale: must be counts, got ${wrong}`);
          }),
      ),
  ),
);

const status = probeLlamaCpp();
if (!status.available) {
  process.stderr.write(`beside-llama-cpp: ${status.reason}\n`);
  process.exit(1);
}
let files = 0;
const folder = mkdtempSync(join(tmpdir(), 'beside-llama-cpp-'));
try {
  await main();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`beside-llama-cpp: ${error.message}\n`);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true });
}

/** A file in llama.cpp, and in tare with weights and activations of some technique. */
interface Pair {
  readonly name: string;
  readonly file: string;
  readonly packed: PackedModel;
}

async function main(): Promise<void> {
  const model = openModel(asked.model);
  const pairs = await pairsOf(model);
  if (asked.text !== undefined) {
    const tokens = model.tokenizer.encode(readFileSync(asked.text, 'utf8')).slice(0, asked.tokens + 1);
    print(['weights, activations', 'tokens', 'KLD, mean', 'at most', 'same top', 'perplexity ratio']);
    print(['--', ...Array(5).fill('--:')]);
    for (const pair of pairs) print([pair.name, ...(await agreement(pair, tokens))]);
    console.log();
  }
  const numbers = asked.threads.filter((threads) => threads > 0);
  if (numbers.length === 0) return;
  const figures = (phase: string) => [`${phase}, llama.cpp`, 'tare', 'ratio'];
  print(['weights, activations', 'threads', ...figures('decode'), ...figures('prefill')]);
  print(['--', ...Array(7).fill('--:')]);
  for (const pair of pairs) {
    for (const threads of numbers) print([pair.name, `${threads}`, ...(await speeds(pair, threads))]);
  }
}

async function pairsOf(model: OpenedModel): Promise<Pair[]> {
  const dense = await loadTechnique('dense', [KERNELS_DIR]);
  const pairs: Pair[] = [];
  for (const id of asked.technique) {
    const technique = await loadTechnique(id, [KERNELS_DIR]);
    const ofHead = await loadTechnique(asked.head ?? id, [KERNELS_DIR]);
    const file = asked.model.endsWith('.gguf') ? asked.model : written(model, technique, ofHead);
    for (const params of id === 'dense' ? [{}] : [{}, INT8]) {
      const choose = ({ part }: LinearLayer) => ({ technique: part === 'head' ? ofHead : technique, params });
      const packed = repeatLayers(keepPacked(packModel(model, dense, choose)), asked.scale);
      pairs.push({ name: `${id}, ${params.activations ?? 'f32'}`, file, packed });
    }
  }
  return pairs;
}

/** As `tare export` writes it, but for an embedding apart from the head, which tare holds in f32; layers so many times over. */
function written(model: OpenedModel, technique: Technique, ofHead: Technique): string {
  const { config } = model;
  const original = (name: string) =>
    name.replace(/^model\.layers\.(\d+)/, (_, layer) => `model.layers.${Number(layer) % config.layers}`);
  const tall = {
    ...model,
    config: { ...config, layers: asked.scale * config.layers },
    tensor: (name: string) => model.tensor(original(name)),
  };
  const encoded = new Map<string, Uint8Array>();
  const file = join(folder, `${files++}.gguf`);
  writeModel(file, tall, (matrix) => {
    if (matrix.name === EMBEDDING && !config.isHeadTied) return f32;
    const { type, encode } = formatOf(matrix.name === headName(config) ? ofHead : technique, matrix);
    return {
      type,
      encode(W) {
        const bytes = encoded.get(original(matrix.name)) ?? encode(W);
        encoded.set(original(matrix.name), bytes);
        return bytes;
      },
    };
  });
  return file;
}

function formatOf(technique: Technique, matrix: ModelMatrix): MatrixFormat {
  if (isOfGguf(technique)) return matrixFormat(technique, matrix);
  throw new InputError(`--technique, --head: must have a format that GGUF has, got ${technique.summary}`);
}

function print(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

/** How far tare's predictions are from llama.cpp's, and how often both hold the same token for the most likely. */
async function agreement({ file, packed }: Pair, tokens: readonly number[]): Promise<string[]> {
  const { vocabularySize, contextLength } = packed.config;
  const stretchTokens = Math.min(LONGEST_STRETCH, contextLength);
  const theirs = await openLlamaCpp(file, { threads: 2, capacity: stretchTokens, cache: 'f32' });
  const ours = await place(packed, 2, { maxRows: stretchTokens, headRows: stretchTokens, capacity: stretchTokens });
  const scores: TokenScore[] = [];
  for (let from = 0; from < tokens.length - 1; from += stretchTokens) {
    const stretch = tokens.slice(from, Math.min(from + stretchTokens, tokens.length - 1));
    theirs.truncate(0);
    ours.truncate(0);
    await theirs.evaluate(Uint32Array.from(stretch), 'all');
    const logits = [await theirs.readLogits(), await ours.forward(stretch, 'all')];
    for (let i = 0; i < stretch.length; i++) {
      const [p, q] = logits.map((all) => all.subarray(i * vocabularySize, (i + 1) * vocabularySize));
      scores.push(scoreToken(p, q, tokens[from + i + 1]));
    }
  }
  ours.dispose();
  await theirs.dispose();
  const { kldMean, kldMax, sameTopPct, pplRatio } = scoreOf(scores, 0);
  const [mean, most] = [kldMean, kldMax].map((kld) => kld?.toExponential(1) ?? 'none');
  return [`${scores.length}`, mean, most, `${sameTopPct.toFixed(1)} %`, pplRatio?.toFixed(4) ?? 'none'];
}

/** Tokens a second of llama.cpp and of tare, and how many times as fast tare is, with its interval: decode, then prefill. */
async function speeds({ file, packed }: Pair, threads: number): Promise<string[]> {
  const theirs = await openLlamaCpp(file, { threads, capacity: CAPACITY, cache: 'f16' });
  const cells: string[] = [];
  for (const rows of [1, CONTEXT]) {
    const ours = await place(packed, threads, { maxRows: rows, headRows: 1, capacity: CAPACITY });
    cells.push(...(await inTurn(await repeating(ours, theirs, rows), rows)));
    ours.dispose();
  }
  await theirs.dispose();
  return cells;
}

/** Takes the same tokens in again and again: one after `CONTEXT` others, or so many from the beginning. */
async function repeating(ours: RunningModel, theirs: LlamaCppModel, rows: number): Promise<[Timed, Timed]> {
  const tokens = Array.from({ length: CONTEXT }, (_, i) => (7 * i + 5) % 200);
  const before = rows === 1 ? tokens : [];
  const taken = rows === 1 ? tokens.slice(0, 1) : tokens;
  theirs.truncate(0);
  if (before.length > 0) {
    await ours.forward(before, 'last');
    await theirs.evaluate(Uint32Array.from(before), 'last');
  }
  const ids = Uint32Array.from(taken);
  return [
    {
      async run() {
        ours.truncate(before.length);
        await ours.forward(taken, 'last');
      },
    },
    {
      run() {
        theirs.truncate(before.length);
        return theirs.evaluate(ids, 'last');
      },
    },
  ];
}

async function inTurn(sides: readonly [Timed, Timed], rows: number): Promise<string[]> {
  const instruments = { now: () => performance.now(), timerResolutionNs: timerResolutionNs() };
  const measured = await measureInTurn(sides, { budget: BUDGET, seed: 0, instruments });
  const [ours, theirs] = measured.sides.map(({ rounds }) => (rows * 1e9) / quantile(rounds.flat(), 0.5));
  const { speedup, ci95 } = pairedRatio({ candidate: measured.sides[0], baseline: measured.sides[1] });
  const interval = ci95 === undefined ? '' : ` [${ci95.low.toFixed(2)}, ${ci95.high.toFixed(2)}]`;
  return [theirs.toFixed(0), ours.toFixed(0), `${speedup.toFixed(2)}${interval}`];
}

type Rows = Pick<Placement, 'maxRows' | 'headRows' | 'capacity'>;

async function place(
  packed: PackedModel,
  threads: number,
  { maxRows, headRows, capacity }: Rows,
): Promise<RunningModel> {
  return placeModel(packed, { kind: 'wasm', runtime: await openWasm(128, threads), maxRows, capacity, headRows });
}
