import type { CommandModule } from 'yargs';
import { unknownName } from '../cases/select.ts';
import { formatTerms, lookUp, readGlossary } from '../report/glossary.ts';
import { textWidth } from '../report/text-table.ts';

export interface Flags {
  readonly topic?: string;
  readonly word?: string;
}

/** `tare help <command>` never comes here: it is read as `tare <command> --help`. */
export const helpCommand: CommandModule<object, Flags> = {
  command: 'help [topic] [word]',
  describe: 'help on a command; tare help terms explains the words that tables use',
  builder: (yargs) =>
    yargs
      .positional('topic', { type: 'string', describe: 'a command, or terms' })
      .positional('word', { type: 'string', describe: 'one word of the terms' })
      .example('$0 help run', 'the flags of run')
      .example('$0 help terms', 'what SQNR, 2:4, W8A8, ◆ and all others mean')
      .example('$0 help terms sqnr', 'one of them'),
  handler: ({ topic = '', word }) => {
    const terms = readGlossary();
    // A word that is explained needs no topic before it.
    const asked = topic === 'terms' ? word : topic;
    const found = asked === undefined ? terms : lookUp(terms, asked);
    const known = terms.flatMap(({ words }) => words.toLowerCase().split(', '));
    if (found.length === 0) throw unknownName('help', asked ?? '', ['terms', ...known]);
    process.stdout.write(`${formatTerms(found, textWidth())}\n`);
  },
};
