// What people said of a history (results/events.ts), as far as it bears on how runs are judged.
import { matchesFilter } from '../contract/case-filter.ts';
import { describeEvent, type EventOf, type HistoryEvent } from '../results/events.ts';

export interface Told {
  readonly events: readonly HistoryEvent[];
  /** Whether code at `head` holds the commit: it is head's own, or came before it as far as git tells. */
  holds(head: string | undefined, commit: string): boolean;
  /** A sentence on each of them that can't be heeded as it was meant. */
  readonly notes: readonly string[];
}

/** @param commits newest first, as `git rev-list` gives them; empty where git tells nothing */
export function toldBy(events: readonly HistoryEvent[], commits: readonly string[]): Told {
  const ages = new Map(commits.map((commit, age) => [commit, age]));
  const notes: string[] = [];
  for (const event of events) {
    if (event.kind !== 'accept') continue;
    const age = commits.findIndex((commit) => commit.startsWith(event.commit));
    if (age >= 0) ages.set(event.commit, age);
    else
      notes.push(
        `${describeEvent(event)}; git knows no such commit before the one checked out, so this holds for runs of that very commit alone`,
      );
  }
  const holds = (head: string | undefined, commit: string) =>
    head !== undefined && (head.startsWith(commit) || (ages.get(head) ?? Infinity) < (ages.get(commit) ?? -1));
  return { events, holds, notes };
}

export const NOTHING_TOLD = toldBy([], []);

/** Of one case, what was said. */
export interface ToldOfCase {
  readonly accepts: readonly EventOf<'accept'>[];
  readonly silences: readonly EventOf<'silence'>[];
  readonly notes: readonly EventOf<'note'>[];
}

export function toldOf(caseId: string, { events }: Told): ToldOfCase {
  const about = events.filter(
    (event) => event.kind !== 'machine' && (event.cases === undefined || matchesFilter(caseId, event.cases)),
  );
  return {
    accepts: about.filter((event) => event.kind === 'accept'),
    silences: about.filter((event) => event.kind === 'silence'),
    notes: about.filter((event) => event.kind === 'note'),
  };
}

/** ISO 8601 is in the order of its text, and a day comes before its times. */
const DAY = '2031-05-04'.length;

/** The silence that holds for a run begun then: from the day it was written to its last day, both UTC and whole. */
export function silenceAt(startedAt: string | undefined, { silences }: ToldOfCase): EventOf<'silence'> | undefined {
  const day = startedAt?.slice(0, DAY);
  if (day === undefined) return undefined;
  return silences.find(({ at, until }) => at.slice(0, DAY) <= day && day <= until);
}

/** What was said of the machine before the row was measured: rows of which more was said are another machine's. */
export function machineEvents({ events }: Told, startedAt: string, machine: string): EventOf<'machine'>[] {
  const ofMachines = events.filter((event) => event.kind === 'machine');
  return ofMachines.filter(
    ({ at, machine: which }) => at <= startedAt && (which === undefined || matchesFilter(machine, which)),
  );
}
