import { expect, test } from 'vitest';
import { withVectors } from './gpujs-vectors.ts';

const GENERATED = `@group(0) @binding(3) var<storage, read> constants_W : array<f32>;
@group(0) @binding(4) var<storage, read> constants_WS : array<f32>;
fn get_constants_W(z : i32, y : i32, x : i32) -> f32 {
  return constants_W[u32(x + 8 * (y + 16 * z))];
}
var user_q : f32 = get_constants_W(0, 3, user_k);var user_r : f32 = get_constants_WS(0, 0, 1);
user_y += get_user_q(0, 0, 0) * get_user_q(0, 0, 3) * get_user_x(0, 0, 1);`;

test('an array of bytes, its reads and the variables they go to are the only things rewritten', () => {
  expect(withVectors(GENERATED, [{ name: 'constants_W', extents: [2, 5], isBytes: true }])).toBe(
    `@group(0) @binding(3) var<storage, read> constants_W : array<u32>;
@group(0) @binding(4) var<storage, read> constants_WS : array<f32>;
fn get_constants_W(z : i32, y : i32, x : i32) -> vec4f {
  return unpack4x8unorm(constants_W[u32(x + 2 * (y + 5 * z))]);
}
var user_q : vec4f = get_constants_W(0, 3, user_k);var user_r : f32 = get_constants_WS(0, 0, 1);
user_y += user_q[0] * user_q[3] * get_user_x(0, 0, 1);`,
  );
});

test.each([
  ['no declaration', GENERATED.replace('constants_W : array<f32>', 'constants_W : array<f16>')],
  ['no read', GENERATED.replace('return constants_W[', 'return load(constants_W)[')],
  ['two reads', GENERATED.replace(/fn [^}]*}/, '$&\n$&')],
])('a text with %s where gpu.js has one is refused', (_, text) => {
  expect(() => withVectors(text, [{ name: 'constants_W', extents: [2, 5], isBytes: false }])).toThrow('internals');
});
