// A folder as Linux shows it, with counters that a test sets.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeZone {
  readonly name: string;
  readonly range?: number;
  readonly microjoules: number | string;
}

export interface FakePowercap {
  readonly folder: string;
  set(zone: string, microjoules: number | string): void;
}

export function fakePowercap(zones: Readonly<Record<string, FakeZone>>): FakePowercap {
  const folder = mkdtempSync(join(tmpdir(), 'tare-powercap-'));
  const set: FakePowercap['set'] = (zone, value) => writeFileSync(join(folder, zone, 'energy_uj'), `${value}\n`);
  for (const [zone, { name, range = 262_143_328_850, microjoules }] of Object.entries(zones)) {
    mkdirSync(join(folder, zone));
    writeFileSync(join(folder, zone, 'name'), `${name}\n`);
    writeFileSync(join(folder, zone, 'max_energy_range_uj'), `${range}\n`);
    set(zone, microjoules);
  }
  return { folder, set };
}
