"""The C++ tokenizer against Python and the `tokenizers` package: every code point, and 100,000 random strings.

    LQVG_BINARY_DIR=$PWD/build/bin pytest tests/model/tokenizer_differential_test.py

`tokenize_lines` is looked for in LQVG_BINARY_DIR. LQVG_SEED repeats a run; the seed is printed. The reference is
set up as transformers 4.46.3 sets up RobertaTokenizerFast from vocab.json and merges.txt.
"""

import array
import os
import pathlib
import random
import struct
import subprocess
import sys
import unicodedata

import pytest
from tokenizers import pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import make_tokenizer_golden as golden  # noqa: E402
import make_unicode_tables as tables  # noqa: E402

SEED = int(os.environ.get("LQVG_SEED", "20240613"))
NOT_UTF8 = struct.pack("<I", 0xFFFFFFFF)
CHUNK = 50_000  # strings held in memory at once

SCALAR_VALUES = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
ASSIGNED = [c for c in SCALAR_VALUES if unicodedata.category(chr(c)) not in ("Cn", "Co")]


MISMATCH = tables.mismatch_of_sources()
needs_pinned_sources = pytest.mark.skipif(MISMATCH is not None, reason=str(MISMATCH))


@pytest.fixture(scope="module")
def reference():
    return golden.roberta_tokenizer(golden.ROBERTA)


def run_tokenize_lines(strings, model_dir):
    """The program's answers to byte strings, as it writes them."""
    program = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin")) / "tokenize_lines"
    request = b"".join(struct.pack("<I", len(s)) + s for s in strings)
    return subprocess.run([program, model_dir], input=request, stdout=subprocess.PIPE, check=True).stdout


def ids_of(reference, texts):
    return [encoding.ids for encoding in reference.encode_batch_fast(texts)]


def packed_answer(normalized, ids, raw_ids):
    """What the program must write for a string."""
    data = normalized.encode()
    numbers = array.array("I", [len(ids), *ids, len(raw_ids), *raw_ids])
    return struct.pack("<I", len(data)) + data + numbers.tobytes()


def expect_equal(strings, reference, model_dir=golden.ROBERTA):
    """Compares normalised forms, their ids and the ids of the strings as they are. None stands for NOT_UTF8."""
    for start in range(0, len(strings), CHUNK):
        chunk = strings[start : start + CHUNK]
        texts = [utf8_or_none(s) for s in chunk]
        valid = [t for t in texts if t is not None]
        normalized = {t: golden.normalize(t) for t in valid}
        ids = dict(zip(valid, ids_of(reference, valid)))
        missing = [n for n in normalized.values() if n not in ids]
        ids.update(zip(missing, ids_of(reference, missing)))

        out = run_tokenize_lines(chunk, model_dir)
        at = 0
        for text, data in zip(texts, chunk):
            expected = NOT_UTF8 if text is None else packed_answer(normalized[text], ids[normalized[text]], ids[text])
            assert out[at : at + len(expected)] == expected, f"{data} normalized {normalized.get(text)!a}"
            at += len(expected)
        assert at == len(out)


def utf8_or_none(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


@needs_pinned_sources
def test_tables_are_what_the_script_makes():
    assert (ROOT / "model" / "unicode_tables.cc").read_text(encoding="ascii") == tables.render()


@needs_pinned_sources
def test_golden_file_is_what_the_script_makes(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["", "--output", str(tmp_path / "golden")])
    golden.main()
    assert (ROOT / "tests" / "model" / "tokenizer_golden.jsonl").read_bytes() == (tmp_path / "golden").read_bytes()


@needs_pinned_sources
@pytest.mark.parametrize("context", ["{}", "a{}b"])
def test_every_code_point(reference, context):
    expect_equal([context.format(chr(c)).encode() for c in SCALAR_VALUES], reference)


@needs_pinned_sources
def test_final_sigma_beside_every_assigned_code_point(reference):
    # Many to a string: what is beyond a space does not matter to the rule.
    words = [f"a{chr(c)}\u03a3{chr(c)}a a{chr(c)}\u03a3 {chr(c)}\u03a3" for c in ASSIGNED]
    expect_equal([" ".join(words[i : i + 64]).encode() for i in range(0, len(words), 64)], reference)


TROUBLE = (
    " \t\n\r\x0b\x0c\x00\x1c\x1f\x85\xa0\u1680\u2003\u2028\u202f\u3000\u200b\u200d\ufeff'\u2019.:\u0307\u0301"
    "\u03a3\u03c3\u0130\u0131I\u00df\u1e9e\u01c5\ufb01\u216b\u00b2\u0663\u0969\u4e00\uac00\U0001f6f0\U0001f468\U000e0061"
)
FRAGMENTS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<MASK>"]


def random_code_points(rng):
    return "".join(chr(rng.choice(ASSIGNED)) for _ in range(rng.randint(0, 24)))


def random_ascii(rng):
    return "".join(chr(rng.randrange(128)) for _ in range(rng.randint(0, 40)))


def random_script(rng):
    """Neighbouring code points, so that words of one script arise."""
    start = rng.randrange(len(ASSIGNED))
    return "".join(chr(c) for c in rng.choices(ASSIGNED[start : start + 48], k=rng.randint(1, 24)))


def random_mix(rng):
    pools = [TROUBLE, FRAGMENTS, "aeinostr", "ABC", "0123456789", " ", "  ", "<>/mask"]
    return "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 32)))


def random_run(rng):
    return rng.choice(TROUBLE + "ae -!") * rng.randint(1, 400) + rng.choice(FRAGMENTS + ["a", ""])


def mutated_expression(rng):
    text = list(golden.random_expression(rng))
    for _ in range(rng.randint(0, 6)):
        at = rng.randrange(len(text) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            text.insert(at, rng.choice(TROUBLE))
        elif kind == 1:
            text.insert(at, rng.choice(FRAGMENTS))
        elif kind == 2 and at < len(text):
            text[at] = text[at].upper()
        elif at < len(text):
            del text[at]
    return "".join(text)


GENERATORS = {
    random_code_points: 25_000,
    random_ascii: 15_000,
    random_script: 15_000,
    random_mix: 25_000,
    random_run: 2_000,
    mutated_expression: 18_000,
}


@needs_pinned_sources
@pytest.mark.parametrize("generator", GENERATORS, ids=lambda g: g.__name__)
def test_random_strings(reference, generator):
    print(f"seed {SEED}")
    rng = random.Random(f"{SEED} {generator.__name__}")
    expect_equal([generator(rng).encode() for _ in range(GENERATORS[generator])], reference)


@needs_pinned_sources
def test_bytes_without_a_token_are_left_out(tmp_path):
    alphabet = [c for c in pre_tokenizers.ByteLevel.alphabet() if ord(c) < 0x7F][::2] + ["\u0120"]
    tokens = ["<pad>", "<unk>", "<s>", "</s>", "<mask>", *sorted(alphabet)]
    rng = random.Random(SEED)
    merges = sorted({(rng.choice(alphabet), rng.choice(alphabet)) for _ in range(200)})
    golden.write_model(tmp_path, tokens + sorted({a + b for a, b in merges} - set(tokens)), merges)
    strings = [(random_ascii(rng) + random_mix(rng)).encode() for _ in range(5_000)]
    expect_equal(strings, golden.roberta_tokenizer(tmp_path), tmp_path)


@needs_pinned_sources
def test_not_utf8_is_refused_where_python_refuses_it(reference):
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    leads = [0x41, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF]
    edges = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    strings = [bytes([a, b, c, d][:n]) for a in leads for b in edges for c in edges for d in edges for n in (1, 2, 3, 4)]
    for _ in range(20_000):
        data = bytearray(random_mix(rng).encode())
        data[rng.randrange(len(data))] = rng.randrange(256)
        strings.append(bytes(data))
    refused = sum(utf8_or_none(s) is None for s in strings)
    assert 1_000 < refused < len(strings) - 1_000
    expect_equal(strings, reference)
