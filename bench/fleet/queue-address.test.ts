import { expect, test } from 'vitest';
import { InputError } from '../contract/input-error.ts';
import { queueAddress } from './queue-address.ts';

test.each([
  ['redis://:secret@host:6379', 'redis', 'redis://host:6379'],
  ['rediss://me:secret@host/2', 'redis', 'rediss://host/2'],
  ['postgres://me:secret@host/tare', 'postgres', 'postgres://host/tare'],
  ['postgresql://me:secret@host:5433/tare?sslmode=require', 'postgres', 'postgresql://host:5433/tare'],
])('%s is spoken of without its password', (url, kind, name) => {
  expect(queueAddress({ TARE_QUEUE: url })).toMatchObject({ kind, url, name });
});

test('a password is taken out of what servers say, however it is spelt', () => {
  const address = queueAddress({ TARE_QUEUE: 'redis://:p%40ss@host' });
  expect(address.withoutPassword('p@ss and p%40ss are wrong')).toBe('*** and *** are wrong');
});

test.each([undefined, '', 'secret', 'http://me:secret@host', 'redis://me:secret@', 'redis://me:sec/ret@host:6379'])(
  '%s is refused without being shown',
  (value) => {
    const ask = () => queueAddress({ TARE_QUEUE: value });
    expect(ask).toThrow(InputError);
    expect(ask).toThrow(/^TARE_QUEUE: must be redis:\/\/:password@host:6379 or postgres:\/\/user/);
    expect(ask).not.toThrow(/secret|sec\/ret/);
  },
);
