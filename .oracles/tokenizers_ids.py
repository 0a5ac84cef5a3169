"""Ids that Hugging Face's tokenizers and SentencePiece give texts, and the vocabularies as GGUF files list them."""

import io
import json
import sys
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXTS = [
    "Hello world! It's 2024, isn't it? WE'LL SEE; I'd've thought so.",
    "  two leading spaces, a\ttab,\n\n\nthree newlines\r\n and a trailing one \n",
    "12345678 1,234.56 ½ ² Ⅷ ٣٤ 3rd",
    "naïve café, decomposed: cafe\u0301 A\u030angstro\u0308m",
    "日本語のテキスト 한국어 текст עברית العربية ไทย",
    "emoji 👩‍👩‍👧 🇫🇷 👍🏽 and math ∑x²≤∞ → “quotes” — dash…",
    "odd spaces: a\u00a0b\u2003c\u3000d\ufeffe\u0085f\u200bg  \ufeff!\ufeff\ufeff x!\u0085\u0085 y",
    "def f(x):\n    return x ** 2  # comment\n\n\tif not f(3)==9: raise ValueError('no')",
    "<|end|>special<|end|><|end|> tokens <|endless|>",
    "",
    " ",
    "a",
]
# Made up, so that it is free to be committed: words of many shapes, several times over.
CORPUS = [
    "the quick brown fox jumps over the lazy dog and then the dog sleeps",
    "Hello hello it's isn't we'll they've I'd don't WE'LL IT'S",
    "return value if not none else raise error def class import from",
    "1 2 3 10 12 123 1234 2024 1999 3.14 1,000",
    "naïve café Ångström 日本語 한국어 текст",
    "    indented  text\n\n\twith tabs\r\n and newlines\n",
] * 4
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def split(pattern: str):
    return pre_tokenizers.Split(Regex(pattern), "isolated")


# As the models' own tokenizer.json have them; `default` is llama.cpp's own, whose patterns cut one after the other.
GPT_2 = pre_tokenizers.ByteLevel(add_prefix_space=False)
PRE_TOKENIZERS = {
    "gpt-2": GPT_2,
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), GPT_2]),
    "llama-bpe": pre_tokenizers.Sequence([split(WORDS % r"\p{N}{1,3}"), BYTES]),
    "qwen2": pre_tokenizers.Sequence([split(WORDS % r"\p{N}"), BYTES]),
}


def byte_level() -> dict:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = GPT_2
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, special_tokens=["<|end|>"], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    own = json.loads(tokenizer.to_str())["model"]
    ids = {}
    for name, pre_tokenizer in PRE_TOKENIZERS.items():
        model = models.BPE(own["vocab"], [tuple(merge) for merge in own["merges"]], ignore_merges=name == "llama-bpe")
        other = Tokenizer(model)
        other.pre_tokenizer = pre_tokenizer
        if name == "qwen2":
            other.normalizer = normalizers.NFC()
        other.add_special_tokens([AddedToken("<|end|>", special=True, normalized=False)])
        ids[name] = [other.encode(text).ids for text in TEXTS]
    tokens = sorted(own["vocab"], key=own["vocab"].get)
    return {"tokens": tokens, "merges": [" ".join(merge) for merge in own["merges"]], "ids": ids}


def sentence_piece() -> dict:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_writer=model,
        model_type="bpe",
        vocab_size=420,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        minloglevel=2,
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    pieces = range(processor.get_piece_size())
    kinds = [(processor.is_unknown, 2), (processor.is_control, 3), (processor.is_unused, 5), (processor.is_byte, 6)]
    return {
        "tokens": [processor.id_to_piece(i) for i in pieces],
        "scores": [processor.get_score(i) for i in pieces],
        "token_type": [next((type for is_kind, type in kinds if is_kind(i)), 1) for i in pieces],
        "ids": [processor.encode(text) for text in TEXTS],
    }


def main(folder: Path) -> None:
    path = folder / "bench/inputs/model-files/tokenizer-vectors.golden.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    vectors = {"texts": TEXTS, "byteLevel": byte_level(), "sentencePiece": sentence_piece()}
    path.write_text(json.dumps(vectors) + "\n")


main(Path(sys.argv[1]))
