// Techniques as `tare list techniques` prints them: a table of what each is, and below it what can be chosen beside them.
import type { Axes } from '../contract/technique.ts';
import { layOut, textColumn, wrapText } from './text-table.ts';

export interface ListedTechnique {
  readonly id: string;
  readonly op: string;
  readonly family: string;
  readonly axes: Axes;
  readonly choices: Axes;
  readonly bits_per_weight?: { readonly min: number; readonly max: number };
  readonly kernels: readonly string[];
}

/** Lines that fit the width. */
export function techniqueTable(techniques: readonly ListedTechnique[], width: number): string[] {
  const parts = [...familyTable(techniques, width), ...choiceLines(techniques, width)];
  return parts.flatMap((part) => part.split('\n'));
}

const HEADINGS = ['technique', 'bits a weight', 'axes', 'kernels'] as const;
/** Columns for the kernels: the usual four in one line. */
const KERNELS_WIDTH = 'ts wasm gpujs wgsl'.length;
/** Fewer hold no value of an axis beside its name. */
const MIN_AXES_WIDTH = 24;
const INDENT = '  ';
/** Between columns. */
const GAP = '  ';

function familyTable(techniques: readonly ListedTechnique[], width: number): string[] {
  const families = Map.groupBy(techniques, ({ op, family }) => (op === family ? op : `${op}, ${family}`));
  const names = [...families.keys(), ...techniques.map(({ id }) => INDENT + id)];
  const taken = Math.max(...names.map(({ length }) => length)) + HEADINGS[1].length + KERNELS_WIDTH;
  const axesWidth = width - taken - GAP.length * (HEADINGS.length - 1);
  if (axesWidth < MIN_AXES_WIDTH) {
    return [...families].flatMap(([family, members]) => [family, ...members.map((one) => paragraph(one, width))]);
  }
  const rows = [...families].flatMap(([family, members]) => [
    [family, '', '', ''],
    ...members.flatMap((technique) => rowsOf(technique, axesWidth)),
  ]);
  const [name, bits, axes, kernels] = HEADINGS.map((heading, i) =>
    textColumn(
      heading,
      rows.map((cells) => cells[i]),
      heading === 'bits a weight' ? 'right' : 'left',
    ),
  );
  return layOut({ names: [name], figures: [bits, axes, kernels] }, width);
}

/** Where a table finds no room. */
function paragraph({ id, bits_per_weight: bits, axes, kernels }: ListedTechnique, width: number): string {
  const facts = [bits && `${bitsText(bits)} bits a weight`, ...spelled(axes), kernels.join(' ')];
  const text = `${id}: ${facts.filter((fact) => fact !== undefined).join('; ')}`;
  return indented(text, width);
}

/** One, and more where axes or kernels take more lines. */
function rowsOf({ id, bits_per_weight: bits, axes, kernels }: ListedTechnique, axesWidth: number): string[][] {
  const axisLines = spelled(axes).flatMap((axis) => wrapText(axis, axesWidth, INDENT).split('\n'));
  const kernelLines = wrapText(kernels.join(' '), KERNELS_WIDTH).split('\n');
  const lines = Math.max(axisLines.length, kernelLines.length);
  return Array.from({ length: lines }, (_, i) => [
    i === 0 ? INDENT + id : '',
    i === 0 ? bitsText(bits) : '',
    axisLines[i] ?? '',
    kernelLines[i] ?? '',
  ]);
}

function bitsText(bits: ListedTechnique['bits_per_weight']): string {
  if (bits === undefined) return '–';
  const [min, max] = [bits.min.toFixed(2), bits.max.toFixed(2)];
  return min === max ? max : `${min}–${max}`;
}

/** Techniques that have the same choices share a paragraph. */
function choiceLines(techniques: readonly ListedTechnique[], width: number): string[] {
  const choices = techniques.flatMap((technique) =>
    spelled(technique.choices).map((choice) => ({ choice, id: technique.id })),
  );
  if (choices.length === 0) return [];
  const holders = Map.groupBy(choices, ({ choice }) => choice);
  const groups = Map.groupBy(holders, ([, held]) => held.map(({ id }) => id).join(', '));
  const paragraphs = [...groups].flatMap(([ids, held]) => [
    wrapText(`${ids}:`, width, INDENT),
    ...held.map(([choice]) => indented(choice, width)),
  ]);
  return ['', wrapText(ABOUT_CHOICES, width), ...paragraphs];
}

const ABOUT_CHOICES = 'Choices, for --axis: without it each has its first value, which stands in no case id.';

function indented(text: string, width: number): string {
  return wrapText(text, width - INDENT.length, INDENT).replace(/^/gm, INDENT);
}

function spelled(axes: Axes): string[] {
  return Object.entries(axes).map(([axis, values]) => `${axis} ${values.join(', ')}`);
}
