import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Child } from './isolate.ts';

const CHILD = join(import.meta.dirname, '..', 'fixtures', 'telling-child.ts');

test('an answer is heard that lies ready together with the stages before it, as where the parent had no core for a while', async () => {
  const stages: string[] = [];
  const child = new Child(CHILD, 1, {
    timeoutS: 20,
    env: {},
    execArgv: [],
    debug: false,
    signal: new AbortController().signal,
    onStage: (stage) => stages.push(stage),
  });
  const hasAnswered = join(mkdtempSync(join(tmpdir(), 'tare-isolate-')), 'answered');
  const said = child.ask(hasAnswered);
  while (!existsSync(hasAnswered)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  expect({ said: await said, stages }).toEqual({ said: { answer: 'answer' }, stages: ['packing', 'packed'] });
  await child.end();
});
