// How byte-level tokenizers cut a text into pieces before they merge: by patterns one after the other, each of which cuts out
// what it matches. Hugging Face's files hold the patterns, GGUF's a name for them.
// Source: ggml-org/llama.cpp, src/llama-vocab.cpp, with the patterns as the models' own tokenizer.json have them.

const CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACE = '\\s+(?!\\S)|\\s+';

export const GPT_2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|${SPACE}`;
export const DIGIT = '\\p{N}';

/** Llama 3's, and Qwen 2's but for how many digits stay together. */
function words(digits: string): string {
  return `${CONTRACTION}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|${SPACE}`;
}

export interface PreTokenizer {
  readonly patterns: readonly string[];
  /** A piece that is a token as it stands is not merged from its bytes. */
  readonly ignoresMerges?: true;
  /** A token of beginning stands before a text where the file doesn't say. */
  readonly addsBeginning?: true;
  readonly normalizer?: 'NFC';
  /** Other names of the same. */
  readonly aliases?: readonly string[];
}

export const preTokenizers: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': { patterns: [GPT_2], aliases: ['mpt', 'olmo', 'phi-2'] },
  smollm: {
    patterns: [DIGIT, GPT_2],
    aliases: ['codeshell', 'command-r', 'exaone', 'minerva-7b', 'refact', 'starcoder'],
  },
  'llama-bpe': {
    patterns: [words('\\p{N}{1,3}')],
    ignoresMerges: true,
    addsBeginning: true,
    aliases: ['llama3', 'llama-v3'],
  },
  qwen2: { patterns: [words('\\p{N}')], normalizer: 'NFC' },
  default: { patterns: ['[\\p{P}\\$\\+<=>\\^~\\|]+', GPT_2, '\\p{N}+', '[0-9][0-9][0-9]'] },
};
