// What a page and its workers write to their consoles or throw and nobody catches, as lines for a terminal.

export interface DevToolsEvent {
  readonly method?: string;
  readonly params?: unknown;
}

export interface Thrown {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

interface ConsoleCall {
  readonly type: string;
  readonly args: readonly { readonly value?: unknown; readonly description?: string }[];
}

interface LogEntry {
  readonly level: string;
  readonly text: string;
  readonly url?: string;
}

/** Undefined where the event says nothing that is of interest to a person. */
export function consoleLine({ method, params }: DevToolsEvent): string | undefined {
  switch (method) {
    case 'Runtime.consoleAPICalled': {
      const { type, args } = params as ConsoleCall;
      return `console.${type}: ${args.map(({ value, description }) => description ?? String(value)).join(' ')}`;
    }
    case 'Runtime.exceptionThrown':
      return `uncaught: ${textOf((params as { exceptionDetails: Thrown }).exceptionDetails)}`;
    case 'Log.entryAdded': {
      const { level, text, url } = (params as { entry: LogEntry }).entry;
      return `${[level, url].filter(Boolean).join(' at ')}: ${text}`;
    }
    default:
      return undefined;
  }
}

/** With its stack in the page. */
export function textOf({ text, exception }: Thrown): string {
  return exception?.description ?? text;
}
