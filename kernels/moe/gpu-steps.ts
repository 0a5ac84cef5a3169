// A mixture of experts in gpu.js's language. Numbers of rows and experts are f32 here, so they are compared by less than a half.
import type { Thread } from '../../bench/contract/runtimes/gpujs.ts';

export function scoreExperts(this: Thread<{ fours: number; router: number[][] }>, X: number[][][]): number {
  // X [M, K/4, 4] f32, router [experts, K] f32 → [M, experts]
  let sum = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    sum +=
      X[this.thread.y][four][0] * this.constants.router[this.thread.x][four * 4] +
      X[this.thread.y][four][1] * this.constants.router[this.thread.x][four * 4 + 1] +
      X[this.thread.y][four][2] * this.constants.router[this.thread.x][four * 4 + 2] +
      X[this.thread.y][four][3] * this.constants.router[this.thread.x][four * 4 + 3];
  }
  return sum;
}

export function chooseExperts(
  this: Thread<{ experts: number; best: number; isAll: number }>,
  scores: number[][],
): number[] {
  // scores [M, experts] → [M, choices, 4]: the expert and its share, by score, the first of equal ones first; or of all experts theirs
  let expert = -1;
  let power = 0;
  let total = 0;
  let highest = 0;
  let before = 0;
  let last = -1;
  for (let i = 0; i < this.constants.best; i++) {
    let found = -1;
    let score = 0;
    for (let e = 0; e < this.constants.experts; e++) {
      const s = scores[this.thread.y][e];
      if (i === 0 || s < before || (s === before && e > last)) {
        if (found < 0 || s > score) {
          found = e;
          score = s;
        }
      }
    }
    if (i === 0) highest = score;
    const own = Math.exp(score - highest);
    total += own;
    if (this.constants.isAll === 0 && i === this.thread.x) {
      expert = found;
      power = own;
    }
    if (this.constants.isAll === 1 && Math.abs(found - this.thread.x) < 0.5) power = own;
    before = score;
    last = found;
  }
  if (this.constants.isAll === 1) expert = this.thread.x;
  // GL knows threads of one value and of four.
  return [expert, power / total, 0, 0];
}

type Choices = { M: number; perRow: number };

export function countRows(this: Thread<Choices>, chosen: number[][][]): number {
  // chosen [M, choices, 4] → [experts]
  let count = 0;
  for (let m = 0; m < this.constants.M; m++) {
    for (let i = 0; i < this.constants.perRow; i++) {
      if (Math.abs(chosen[m][i][0] - this.thread.x) < 0.5) count += 1;
    }
  }
  return count;
}

export function startsOfExperts(this: Thread<{ experts: number }>, counts: number[]): number {
  // counts [experts] → [experts + 1]: the first panel of each
  let start = 0;
  for (let e = 0; e < this.constants.experts; e++) {
    if (e < this.thread.x) start += Math.floor((counts[e] + 3) * 0.25);
  }
  return start;
}

export function expertsOfPanels(this: Thread<{ experts: number }>, starts: number[]): number {
  // starts [experts + 1] → [panels]: −1 past the last
  let expert = -1;
  for (let e = 0; e < this.constants.experts; e++) {
    if (starts[e] < this.thread.x + 0.5 && starts[e + 1] > this.thread.x + 0.5) expert = e;
  }
  return expert;
}

export function rowsOfPanels(
  this: Thread<Choices>,
  chosen: number[][][],
  starts: number[],
  experts: number[],
): number[] {
  // chosen [M, choices, 4], starts [experts + 1], experts [panels] → [panels, 4]: row 0 where there is none
  const expert = experts[this.thread.x];
  let first = 0;
  if (expert > -0.5) first = (this.thread.x - starts[expert]) * 4;
  let count = 0;
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  for (let m = 0; m < this.constants.M; m++) {
    for (let i = 0; i < this.constants.perRow; i++) {
      if (Math.abs(chosen[m][i][0] - expert) < 0.5) {
        const place = count - first;
        if (Math.abs(place) < 0.5) r0 = m;
        if (Math.abs(place - 1) < 0.5) r1 = m;
        if (Math.abs(place - 2) < 0.5) r2 = m;
        if (Math.abs(place - 3) < 0.5) r3 = m;
        count += 1;
      }
    }
  }
  return [r0, r1, r2, r3];
}

export function placesOfChoices(this: Thread<Choices>, chosen: number[][][], starts: number[]): number {
  // chosen [M, choices, 4], starts [experts + 1] → [M, choices]
  const expert = chosen[this.thread.y][this.thread.x][0];
  let place = starts[expert] * 4;
  for (let m = 0; m < this.constants.M; m++) {
    for (let i = 0; i < this.constants.perRow; i++) {
      if (m < this.thread.y && Math.abs(chosen[m][i][0] - expert) < 0.5) place += 1;
    }
  }
  return place;
}

export function expertsOfAll(this: Thread<{ each: number }>, _chosen: number[][][]): number {
  // → [panels]
  return Math.floor((this.thread.x + 0.5) / this.constants.each);
}

export function rowsOfAll(this: Thread<{ each: number; last: number }>, _chosen: number[][][]): number[] {
  // → [panels, 4]
  const first = (this.thread.x - Math.floor((this.thread.x + 0.5) / this.constants.each) * this.constants.each) * 4;
  return [
    first,
    Math.min(first + 1, this.constants.last),
    Math.min(first + 2, this.constants.last),
    Math.min(first + 3, this.constants.last),
  ];
}

export function placesOfAll(this: Thread<{ each: number }>, _chosen: number[][][]): number {
  // → [M, experts]
  return this.thread.x * this.constants.each * 4 + this.thread.y;
}

export function gatherRows(this: Thread<unknown>, X: number[][][], rows: number[][]): number[] {
  // X [M, K/4, 4] f32, rows [panels, 4] → [panels, K, 4]: of each k the values of four rows
  const four = Math.floor((this.thread.x + 0.5) * 0.25);
  const place = this.thread.x - four * 4;
  const r0 = rows[this.thread.y][0];
  const r1 = rows[this.thread.y][1];
  const r2 = rows[this.thread.y][2];
  const r3 = rows[this.thread.y][3];
  const y0 = X[r0][four][place];
  const y1 = X[r1][four][place];
  const y2 = X[r2][four][place];
  const y3 = X[r3][four][place];
  return [y0, y1, y2, y3];
}

/** Four rows of one expert and one row of its weights. */
export function fourRows(
  this: Thread<{ columns: number; rows: number; W: number[][] }>,
  X: number[][][],
  experts: number[],
): number[] {
  // X [panels, K, 4] f32, experts [panels], W [experts · rows, K] f32 → [panels, rows, 4]
  const row = Math.max(0, experts[this.thread.y]) * this.constants.rows + this.thread.x;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let k = 0; k < this.constants.columns; k++) {
    if (experts[this.thread.y] < 0) break;
    const w = this.constants.W[row][k];
    y0 += X[this.thread.y][k][0] * w;
    y1 += X[this.thread.y][k][1] * w;
    y2 += X[this.thread.y][k][2] * w;
    y3 += X[this.thread.y][k][3] * w;
  }
  return [y0, y1, y2, y3];
}

/** One row and four rows of the weights of one of its experts. */
export function fourColumns(
  this: Thread<{ fours: number; fourRows: number; step: number; W: number[][] }>,
  X: number[][][],
  chosen: number[][][],
): number[] {
  // X [1 or choices, K/4, 4] f32, chosen [1, choices, 4], W [experts · 4 · fourRows, K] f32 → [choices, fourRows, 4]
  const first = (chosen[0][this.thread.y][0] * this.constants.fourRows + this.thread.x) * 4;
  let y0 = 0;
  let y1 = 0;
  let y2 = 0;
  let y3 = 0;
  for (let four = 0; four < this.constants.fours; four++) {
    for (let i = 0; i < 4; i++) {
      const x = X[this.thread.y * this.constants.step][four][i];
      y0 += x * this.constants.W[first][four * 4 + i];
      y1 += x * this.constants.W[first + 1][four * 4 + i];
      y2 += x * this.constants.W[first + 2][four * 4 + i];
      y3 += x * this.constants.W[first + 3][four * 4 + i];
    }
  }
  return [y0, y1, y2, y3];
}

export function mixRows(
  this: Thread<{ perRow: number }>,
  outputs: number[][][],
  chosen: number[][][],
  places: number[][],
): number {
  // outputs [panels, K, 4] f32, chosen [M, choices, 4], places [M, choices] → Y [M, K]
  let sum = 0;
  for (let i = 0; i < this.constants.perRow; i++) {
    const place = places[this.thread.y][i];
    const panel = Math.floor((place + 0.5) * 0.25);
    sum += chosen[this.thread.y][i][1] * outputs[panel][this.thread.x][place - panel * 4];
  }
  return sum;
}

export function mixOne(this: Thread<{ perRow: number }>, outputs: number[][][], chosen: number[][][]): number {
  // outputs [choices, K/4, 4] f32, chosen [1, choices, 4] → Y [K]
  const four = Math.floor((this.thread.x + 0.5) * 0.25);
  const place = this.thread.x - four * 4;
  let sum = 0;
  for (let i = 0; i < this.constants.perRow; i++) sum += chosen[0][i][1] * outputs[i][four][place];
  return sum;
}
