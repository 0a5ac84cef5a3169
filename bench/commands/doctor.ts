import { freemem, totalmem } from 'node:os';
import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { backends } from '../backends/backend.ts';
import type { BrowserChoice } from '../contract/browser.ts';
import { counted } from '../contract/counted.ts';
import { IS_PACKAGE } from '../contract/module-file.ts';
import { tareLine } from '../contract/typed-lines.ts';
import { visibleSentence, visibleText } from '../contract/visible-text.ts';
import { openEnergySource } from '../measure/energy/idle-power.ts';
import { timerResolutionNs } from '../measure/timer-resolution.ts';
import { definition, textWidth } from '../report/text-table.ts';
import { canaryNs, describeMachine, loadAverage } from '../run/environment.ts';
import { machineSettings } from '../run/machine-settings.ts';
import { browserFlags, browserOf } from './browser-flags.ts';

interface Finding {
  readonly name: string;
  readonly value: string;
  /** What is wrong with it for measuring, and how to mend it. */
  readonly advice?: string;
}

const flags = {
  ...browserFlags,
  json: { type: 'boolean', default: false, describe: 'print JSON' },
} as const satisfies Record<string, Options>;

export const doctorCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'doctor',
  describe: 'what this machine is, what on it disturbs measuring and what is missing',
  builder: (yargs) => yargs.options(flags),
  handler: async (argv) => {
    const browser = await browserOf(argv);
    const findings = [...examineMachine(), await examineEnergy(), ...(await examineBackends(browser))];
    process.stdout.write(`${argv.json ? JSON.stringify(findings, undefined, 2) : formatFindings(findings)}\n`);
  },
};

/** A fixed loop whose time varies by more than this shows that the machine does other work too. */
const STEADY_PCT = 10;
const COARSE_TIMER_NS = 10_000;

function examineMachine(): Finding[] {
  const machine = describeMachine();
  const load = loadAverage();
  const resolution = timerResolutionNs();
  canaryNs(); // compiles the loop
  const canary = Array.from({ length: 5 }, canaryNs);
  const spreadPct = (Math.max(...canary) / Math.min(...canary) - 1) * 100;
  return [
    { name: 'Node', value: machine.node_version, advice: nodeAdvice(machine.node_version) },
    { name: 'V8', value: machine.v8_version },
    { name: 'OS', value: machine.os },
    { name: 'processor', value: `${machine.cpu_count} × ${machine.cpu_model}` },
    { name: 'memory', value: `${gibibytes(freemem())} of ${gibibytes(totalmem())} GiB free` },
    {
      name: 'load',
      value: load.toFixed(2),
      advice: load > machine.cpu_count / 2 ? 'other work is running: stop it, or expect noisy rows' : undefined,
    },
    ...machineSettings(machine.cpu_count),
    {
      name: 'timer resolution',
      value: `${resolution} ns`,
      advice: resolution > COARSE_TIMER_NS ? 'too coarse for short kernels' : undefined,
    },
    {
      name: 'steadiness',
      value: `a fixed loop takes ${(Math.min(...canary) / 1e6).toPrecision(3)} ms, repeated within ${spreadPct.toFixed(0)} %`,
      advice:
        spreadPct > STEADY_PCT ? 'the machine is shared, throttled or busy: compare only within a run' : undefined,
    },
  ];
}

/** `powercap` is another folder in tests alone. */
export async function examineEnergy(powercap?: string): Promise<Finding> {
  const source = await openEnergySource(powercap);
  if ('reason' in source) return { name: 'energy', value: `not told: ${source.reason}`, advice: source.mend };
  const { counter, idleW } = source;
  const packages = counted(counter.packages, 'package');
  return { name: 'energy', value: `RAPL of ${packages}, ${idleW.toPrecision(3)} W now` };
}

function nodeAdvice(version: string): string | undefined {
  return IS_PACKAGE || Number.parseInt(version, 10) >= 24
    ? undefined
    : `tare needs Node 24: start it with ${tareLine('doctor')}, which brings its own`;
}

async function examineBackends(browser: BrowserChoice): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { id, probe } of backends) {
    const status = await probe(browser);
    findings.push(
      status.available
        ? {
            name: id,
            value: ['available', status.adapterType, status.adapter, status.version]
              .filter((part) => part && part !== 'none')
              .join(', '),
          }
        : { name: id, value: 'unavailable', advice: status.reason },
    );
  }
  return findings;
}

function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.map(({ name, value, advice }) => {
    const term = `${advice === undefined ? ' ' : '!'} ${name}`;
    const said = [visibleText(value), ...(advice === undefined ? [] : [visibleSentence(advice)])];
    return definition(term, said, width + 2, textWidth());
  });
  return lines.join('\n');
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
