#!/usr/bin/env python3
"""Makes the byte-level BPE vocabulary of a model from texts: vocab.json and merges.txt, as RoBERTa's are laid out.

    make_vocabulary.py EXPRESSIONS.txt --size 600 OUT_DIR

EXPRESSIONS.txt holds one text a line, such as `lqvg-scenes --expressions` writes; they are lowered, as the server lowers
what it is asked. Any other text can be tokenised as well: every byte has a token. Needs: tokenizers.
"""
import argparse
import pathlib

from tokenizers import ByteLevelBPETokenizer

SPECIAL_TOKENS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=pathlib.Path)
    parser.add_argument("out_dir", type=pathlib.Path)
    parser.add_argument("--size", type=int, default=600, help="tokens, the special ones and 256 bytes counted")
    args = parser.parse_args()
    texts = [line.lower() for line in args.texts.read_text(encoding="utf-8").splitlines()]
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=args.size, min_frequency=2, show_progress=False,
                                  special_tokens=SPECIAL_TOKENS)
    if tokenizer.get_vocab_size() != args.size:
        raise SystemExit(f"the texts give only {tokenizer.get_vocab_size()} tokens; --size must be at most that")
    args.out_dir.mkdir(parents=True, exist_ok=True)
    tokenizer.save_model(str(args.out_dir))


if __name__ == "__main__":
    main()
