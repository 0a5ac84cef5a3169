import { expect, test } from 'vitest';
import { fakePowercap } from '../measure/energy/powercap.fixture.ts';
import { examineEnergy } from './doctor.ts';

test('what the machine tells of energy, or why it tells nothing and what to do about it', async () => {
  expect(await examineEnergy(fakePowercap({}).folder)).toEqual({
    name: 'energy',
    value: expect.stringMatching(/^not told: no processor package in /),
    advice: expect.stringContaining('sudo modprobe intel_rapl_msr'),
  });
  const { folder, set } = fakePowercap({ 'intel-rapl:0': { name: 'package-0', microjoules: 1_000_000 } });
  const told = examineEnergy(folder);
  set('intel-rapl:0', 9_000_000);
  expect(await told).toEqual({ name: 'energy', value: expect.stringMatching(/^RAPL of 1 package, \d+\.?\d* W now$/) });
});
