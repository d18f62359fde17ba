#!/usr/bin/env python3
"""Writes tests/model/tokenizer_golden.jsonl: hard strings, their normalised form and RoBERTa's ids for it.

A line is {"text", "normalized", "ids": of the normalised form, "raw_ids": of the text where that differs}. The answers
come from Python's str and the `tokenizers` package, which must be the versions that make_unicode_tables.py pins.

    python3.11 tools/make_tokenizer_golden.py --output tests/model/tokenizer_golden.jsonl
"""

import argparse
import json
import pathlib
import random
import sys
import unicodedata

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, processors

import make_unicode_tables

ROBERTA = pathlib.Path(__file__).resolve().parents[1] / "tests" / "reference" / "roberta-base"

SPECIAL = ["<s>", "</s>", "<pad>", "<unk>", "<mask>"]
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
SPACES = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
NOT_SPACES = "\u180e\u200b\u200c\u200d\u2060\ufeff\u00ad\x00\x7f\x1b"
DIGITS = "0123456789\u0663\u06f5\u0969\u09ec\u0e52\u1040\u17e3\uff17\u00b2\u00bd\u2167\u2460\u3007\u4e94\U0001d7d8"


def normalize(text):
    """What the official code does to an expression before it tokenises."""
    return " ".join(text.lower().split())


def roberta_tokenizer(model_dir):
    """RobertaTokenizerFast as transformers 4.46.3 makes it from vocab.json and merges.txt."""
    tokenizer = Tokenizer(models.BPE.from_file(str(model_dir / "vocab.json"), str(model_dir / "merges.txt"),
                                               continuing_subword_prefix="", end_of_word_suffix="", fuse_unk=False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.token_to_id("</s>")), ("<s>", tokenizer.token_to_id("<s>")), True, False
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, lstrip=token == "<mask>", normalized=token != "<mask>", special=True) for token in SPECIAL]
    )
    return tokenizer


def write_model(model_dir, tokens, merges):
    """Writes vocab.json with ids in the order of `tokens`, and merges.txt."""
    ids = {token: i for i, token in enumerate(tokens)}
    (model_dir / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (model_dir / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def random_expression(rng):
    """An expression of the kind that RSVG-HR and DIOR-RSVG ask."""
    kinds = ["swimming pool", "storage tank", "tennis court", "baseball field", "ground track field", "roundabout",
             "parking lot", "overpass", "toll station", "ship", "airplane", "windmill", "wind turbine", "T-junction"]
    sides = ["left", "right", "top", "bottom", "upper left", "lower right", "far bottom", "center of the right",
             "middle part"]
    colours = ["", "", "red ", "white ", "black ", "dark-green ", "light gray "]
    opening = rng.choice(["", "find ", "search ", "Locate ", "where's "])
    article = rng.choice(["a ", "the ", "the largest ", "an "])
    text = f"{opening}{article}{rng.choice(colours)}{rng.choice(kinds)}"
    if rng.random() < 0.8:
        text += f" on the {rng.choice(sides)}"
    if rng.random() < 0.6:
        text += f" and it is located at the {rng.choice(sides)} of a {rng.choice(colours)}{rng.choice(kinds)}"
    if rng.random() < 0.2:
        text += rng.choice([".", " .", ", 25m long", " (in the 2nd row)", "  ", "\n", "!", " #3", " 1,000 m away"])
    return text


def words_of_every_block(rng):
    """A few words of neighbouring letters from each part of Unicode that has any."""
    for start in range(0, 0x20000, 0x80):
        members = [chr(c) for c in range(start, start + 0x80) if unicodedata.category(chr(c))[0] in "LMNPSZ"]
        if members:
            words = ["".join(rng.choices(members, k=rng.randint(2, 6))) for _ in range(2)]
            yield " ".join(words) if start < 0x3000 else words[0]


def final_sigmas():
    before = ["", "a", "A", ".", "a.", "\u0391\u0301", "1", "\u00aa", "\u0345", "a\u00ad", " ", "a ", "a\u200d", "\u4e00"]
    after = ["", "a", ".", ".a", "\u0301", "\u0301\u03b1", " ", " a", "\u03a3", "1", "\u2019s"]
    for b in before:
        for a in after:
            yield f"{b}\u03a3{a}"


def spaces():
    for c in SPACES + NOT_SPACES:
        yield from (c, f"a{c}b", f"{c}a", f"a{c}", f"a {c} b", f"a{c}{c}b", f"a{c}<mask>{c}b")


def special_tokens_as_text():
    for token in SPECIAL + ["<MASK>", "<S>", "<|endoftext|>", "madeupword0000", "<mask", "mask>", "<<mask>>", "< mask>"]:
        yield from (token, token * 2, f"a{token}b", f"a {token} b", f"a  {token}  b", f"<{token}", f"\u00e9\n{token}'s")
    yield "".join(SPECIAL)
    yield " ".join(SPECIAL)


def contractions():
    for c in CONTRACTIONS + [c.upper() for c in CONTRACTIONS] + ["'", "''", "'x", "\u2019s", "'sa", "'lll"]:
        yield from (c, f"it{c}", f"it {c}", f"{c}it", f"!{c}", f"1{c}2", f"it{c}{c}")


def emoji():
    man, woman, girl, joiner, sixteen = "\U0001f468", "\U0001f469", "\U0001f467", "\u200d", "\ufe0f"
    family = joiner.join([man, woman, girl])
    flags = "\U0001f1ec\U0001f1f7\U0001f1ef\U0001f1f5"
    tag_flag = "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "gbsct") + "\U000e007f"
    keycap = "1" + sixteen + "\u20e3"
    for e in [family, flags, tag_flag, keycap, "\U0001f44d\U0001f3fd", "\u2764" + sixteen, "\U0001f6f0", "\U0010ffff"]:
        yield from (e, f"a {e} b", e * 3, f"a{e}b", f"{e} ship")


def cases():
    multiple = "\u0130\u0049\u0131\u01c5\u01c8\u1e9e\u00df\u1f88\u1fbc\u2126\u212a\u212b\u1c90\u10a0\u13a0\uab70\U0001e900"
    for c in multiple + "\u023a\u023e\ua64a\uff21\U00010400\u24b6\u2160\u0345\ufb01\u0149":
        yield from (c, f"{c}A{c}", f"a {c}b")
    yield from ("ISTANBUL \u0130STANBUL", "STRASSE STRA\u00dfE STRA\u1e9eE", "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3")


def marks():
    for mark in "\u0300\u0301\u0307\u0345\u0489\u064b\u093f\u0e31\u20dd\u302a\ufe20\U0001d165":
        yield from (mark, f"e{mark}", f" {mark}e", f"e{mark * 5}e", f"1{mark}2", f"E{mark} !{mark}")


def numbers():
    for d in DIGITS:
        yield from (d, d * 3, f"a{d}", f"{d} a", f" {d}{DIGITS}")
    yield from ("3.14159", "1,000,000", "-5e-10", "0x1F", "2nd 3RD", "10m\u00b2", "45\u00b030'N")


def controls():
    for c in [*range(0x20), 0x7F, *range(0x80, 0xA0), 0xFFFD, 0xFFFE, 0xFFFF, 0xE000, 0xFDD0]:
        yield f"a{chr(c)}b {chr(c)}"


def runs():
    for c in " ae.-'1\u00e9\u4e00\U0001f6f0\u0301\n<":
        for length in (2, 3, 7, 40):
            yield from (c * length, f"x{c * length}y")
    yield from ("ab" * 300, "the" * 200, "a" * 4096, " ".join("a" * 200), "=" * 500, "\u00e9" * 300, "!?" * 100)


def golden_strings():
    rng = random.Random(14)
    strings = ["", " ", "a", *spaces(), *special_tokens_as_text(), *contractions(), *final_sigmas(), *emoji(), *cases(),
               *marks(), *numbers(), *controls(), *runs(), *words_of_every_block(rng)]
    strings += [random_expression(rng) for _ in range(450)]
    strings += ["".join(rng.choices([*SPACES, *NOT_SPACES, *SPECIAL, *CONTRACTIONS, *DIGITS, *"aAeE.!-"], k=12))
                for _ in range(150)]
    return list(dict.fromkeys(strings))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="where to write, tests/model/tokenizer_golden.jsonl")
    arguments = parser.parse_args()
    mismatch = make_unicode_tables.mismatch_of_sources()
    if mismatch:
        sys.exit(f"make_tokenizer_golden: {mismatch}")
    tokenizer = roberta_tokenizer(ROBERTA)
    with open(arguments.output, "w", encoding="ascii", newline="\n") as output:
        for text in golden_strings():
            normalized = normalize(text)
            line = {"text": text, "normalized": normalized, "ids": tokenizer.encode(normalized).ids}
            if text != normalized:
                line["raw_ids"] = tokenizer.encode(text).ids
            output.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
