import { describe, expect, test } from 'vitest';
import { duplicateKey } from './duplicate-key.ts';

describe('duplicateKey', () => {
  test('finds a key given twice, however it is spelt', () => {
    expect(duplicateKey('{"a": {}, "b": {}, "\\u0061": {}}')).toBe('a');
  });

  test('does not mind equal keys or values further down', () => {
    expect(duplicateKey('{"a": {"x": "a", "y": ["a", "a"]}, "b": {"x": {"a": 1}}}')).toBeUndefined();
  });

  test('is not misled by quotes, braces and backslashes inside strings', () => {
    expect(duplicateKey('{"}\\"": {"x": "{\\\\"}, "{": {}, "}\\"": {}}')).toBe('}"');
  });

  test('walks through a string as long as a header may be', () => {
    expect(duplicateKey(`{"a": {"x": "${'\\n'.repeat(10_000_000)}"}, "b": {}, "a": {}}`)).toBe('a');
  });
});
