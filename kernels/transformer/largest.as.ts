// The largest of many values, a part of a row to a thread: most values are passed over four at a time.

// values [rows][ld], less [N] → found [rows][parts][2][count]: the largest values − less of each part, in no order, and the numbers
// they have in their row as i32; −∞ where a part has fewer. An item is a part of a row.
export function largest(
  from: i32, to: i32, span: usize, values: usize, ld: i32, less: usize, N: i32, parts: i32, count: i32, found: usize,
): void {
  to = min(to, load<i32>(span) * parts);
  for (let item = from; item < to; item++) {
    const part = item % parts;
    const row = values + (((item / parts) * ld) << 2);
    const own = found + ((item * 2 * count) << 2);
    for (let i = 0; i < count; i++) store<f32>(own + (i << 2), -Infinity);
    scan(row, less, N * part / parts, N * (part + 1) / parts, own, count);
  }
}

function scan(row: usize, less: usize, i: i32, end: i32, own: usize, count: i32): void {
  let least: f32 = -Infinity;
  let leastAt: usize = own;
  for (; i + 4 <= end; i += 4) {
    const four = f32x4.sub(v128.load(row + (i << 2)), v128.load(less + (i << 2)));
    if (!v128.any_true(f32x4.gt(four, f32x4.splat(least)))) continue;
    for (let j = i; j < i + 4; j++) {
      const value = load<f32>(row + (j << 2)) - load<f32>(less + (j << 2));
      if (!(value > least)) continue;
      leastAt = put(own, leastAt, count, value, j);
      least = load<f32>(leastAt);
    }
  }
  for (; i < end; i++) {
    const value = load<f32>(row + (i << 2)) - load<f32>(less + (i << 2));
    if (!(value > least)) continue;
    leastAt = put(own, leastAt, count, value, i);
    least = load<f32>(leastAt);
  }
}

// In the place of the least, and where the least is then: of equal ones the last of the row.
function put(own: usize, leastAt: usize, count: i32, value: f32, index: i32): usize {
  store<f32>(leastAt, value);
  store<i32>(leastAt + (count << 2), index);
  const numbers = count << 2;
  let at = own;
  for (let i = 1; i < count; i++) {
    const other = own + (i << 2);
    const isLess = load<f32>(other) < load<f32>(at);
    if (isLess || (load<f32>(other) == load<f32>(at) && load<i32>(other + numbers) > load<i32>(at + numbers))) at = other;
  }
  return at;
}
