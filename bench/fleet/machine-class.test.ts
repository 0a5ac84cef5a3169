import { expect, test } from 'vitest';
import { machine } from '../fixtures/run-files.ts';
import { machineClass } from './machine-class.ts';

test('a class is named after the processor, the GPU and the cores', () => {
  const intel = { ...machine, cpu_model: 'Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz', cpu_count: 16 };
  expect(machineClass(intel, 'NVIDIA H200')).toMatch(/^intel-xeon-gold-6130-nvidia-h200-16-cores-[0-9a-f]{6}$/);
});

test.each([
  ['another Node', { ...machine, node_version: '22.0.0' }, ''],
  ['another system', { ...machine, os: 'linux 7 x64' }, ''],
  ['a GPU', machine, 'NVIDIA H200'],
])('%s makes another class', (_, other, gpu) => {
  expect(machineClass(other, gpu)).not.toBe(machineClass(machine, ''));
});
