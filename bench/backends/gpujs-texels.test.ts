import { expect, test } from 'vitest';
import { withTexels } from './gpujs-texels.ts';

const GENERATED = `uniform sampler2D constants_W;
ivec2 constants_WSize = ivec2(8, 15);
void kernel() {
vec4 user_a=getVec4FromSampler2D(constants_W, constants_WSize, constants_WDim, 0, (threadId.y*2), int(user_k));
vec4 user_b=getVec4FromSampler2D(user_X, user_XSize, user_XDim, 0, 1, 2);
}`;
const array = { name: 'constants_W', extents: [8, 15], rows: 5 } as const;

test.each([
  [true, 'texelFetch(constants_W, ivec2(x, y + 5 * z), 0)'],
  [false, 'texture2D(constants_W, (vec2(float(x), float(y + 5 * z)) + 0.5) / vec2(8.0, 15.0))'],
])(
  'an array whose rows are rows of the texture is read by its place there (WebGL 2: %s), others as before',
  (isWebGl2, read) => {
    expect(withTexels(GENERATED, [array], isWebGl2)).toBe(`uniform sampler2D constants_W;
ivec2 constants_WSize = ivec2(8, 15);
vec4 get_constants_W(int z, int y, int x) {
  return ${read};
}
void kernel() {
vec4 user_a=get_constants_W(0, (threadId.y*2), int(user_k));
vec4 user_b=getVec4FromSampler2D(user_X, user_XSize, user_XDim, 0, 1, 2);
}`);
  },
);

test.each([
  ['no read of it', GENERATED.replaceAll('constants_WDim', 'constants_Extents')],
  ['no kernel', GENERATED.replace('void kernel() {', 'void main() {')],
])('a text with %s is refused', (_, text) => {
  expect(() => withTexels(text, [array], true)).toThrow('its GLSL must read constants_W in one kernel');
});
