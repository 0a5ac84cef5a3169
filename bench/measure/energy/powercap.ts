// What the processor's packages have taken so far, by the counters of RAPL that Linux shows of Intel's and AMD's processors:
// https://docs.kernel.org/power/powercap/powercap.html. They step about once a millisecond.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const POWERCAP = '/sys/class/powercap';

export interface EnergyCounter {
  readonly packages: number;
  /** Of all packages together since it was opened, J; NaN once one of them can't be read. At least once a wrap-around, minutes apart. */
  readJoules(): number;
}

/** Why there is none, and what to do about it. */
export interface NoCounter {
  readonly reason: string;
  readonly mend: string;
}

interface Zone {
  readonly folder: string;
  /** After so many µJ it begins again. */
  readonly range: number;
  last: number;
}

/** `folder` is another one in tests alone. */
export function openEnergyCounter(folder = POWERCAP): EnergyCounter | NoCounter {
  let zones: Zone[];
  try {
    zones = packagesOf(folder).map(openZone);
  } catch (error) {
    return refusal(error as NodeJS.ErrnoException, folder);
  }
  if (zones.length === 0) {
    return {
      reason: `no processor package in ${folder}`,
      mend: 'virtual machines and containers seldom show one; on hardware: sudo modprobe intel_rapl_msr (AMD too)',
    };
  }
  let joules = 0;
  return {
    packages: zones.length,
    readJoules() {
      try {
        for (const zone of zones) joules += advance(zone) / 1e6;
      } catch {
        joules = Number.NaN;
      }
      return joules;
    },
  };
}

/** The memory-mapped interface shows the same packages again, and a platform's counter holds more than the processor. */
function packagesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const zones = readdirSync(folder).filter((name) => /^intel-rapl:\d+$/.test(name));
  return zones.map((name) => join(folder, name)).filter((zone) => read(zone, 'name')?.startsWith('package'));
}

function openZone(folder: string): Zone {
  return { folder, range: microjoules(folder, 'max_energy_range_uj'), last: microjoules(folder, 'energy_uj') };
}

/** µJ since it was last read. */
function advance(zone: Zone): number {
  const { last } = zone;
  zone.last = microjoules(zone.folder, 'energy_uj');
  return zone.last - last + (zone.last < last ? zone.range : 0);
}

function microjoules(folder: string, file: string): number {
  const text = readFileSync(join(folder, file), 'utf8').trim();
  if (!/^\d+$/.test(text)) throw new Error(`${join(folder, file)}: must be a count of µJ, got ${text || 'nothing'}`);
  return Number(text);
}

function read(folder: string, file: string): string | undefined {
  try {
    return readFileSync(join(folder, file), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function refusal({ code, path, message }: NodeJS.ErrnoException, folder: string): NoCounter {
  if (code !== 'EACCES' && code !== 'EPERM') return { reason: message, mend: 'nothing tare knows of' };
  return {
    reason: `${path} is readable by root alone`,
    mend: `sudo chmod a+r ${folder}/intel-rapl:*/energy_uj, until the next start; any user can then watch what others’ programs take (CVE-2020-8694)`,
  };
}
