// Where the queue's server is: TARE_QUEUE, which holds a password and is never shown as it is.
import { InputError } from '../contract/input-error.ts';

export interface QueueAddress {
  readonly kind: 'redis' | 'postgres';
  /** With user and password. */
  readonly url: string;
  /** Without. */
  readonly name: string;
  /** Puts stars where a text says the password. */
  withoutPassword(text: string): string;
}

const KINDS: Readonly<Record<string, QueueAddress['kind']>> = {
  'redis:': 'redis',
  'rediss:': 'redis',
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
};

const EXAMPLES = 'redis://:password@host:6379 or postgres://user:password@host:5432/database';

/** Throws InputError, which never shows the value: whatever it is, it may hold a password. */
export function queueAddress({ TARE_QUEUE: value }: NodeJS.ProcessEnv): QueueAddress {
  if (value === undefined || value === '') throw new InputError(`TARE_QUEUE: must be ${EXAMPLES}, got none`);
  if (!URL.canParse(value))
    throw new InputError(
      `TARE_QUEUE: must be ${EXAMPLES}, got what is no URL; /, ?, # and @ in a password are written %2F, %3F, %23 and %40`,
    );
  const { protocol, host, pathname, password } = new URL(value);
  const kind = KINDS[protocol];
  if (kind === undefined || host === '')
    throw new InputError(`TARE_QUEUE: must be ${EXAMPLES}, got ${kind ? 'no host' : protocol}`);
  const spelt = [password, decoded(password)].filter((text) => text !== '');
  return {
    kind,
    url: value,
    name: `${protocol}//${host}${pathname === '/' ? '' : pathname}`,
    withoutPassword: (text) => spelt.reduce((shown, secret) => shown.replaceAll(secret, '***'), text),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
