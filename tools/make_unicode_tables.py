#!/usr/bin/env python3
"""Writes model/unicode_tables.cc: the character properties that the tokenizer's text handling rests on.

Both sources are asked what they do, not what they should do, so the C++ code equals them on every code point:
  * Python's str.lower(), str.split() and final sigma rule: the running Python, which must know Unicode 14.0.
  * The letters, numbers and white space of GPT-2's splitting pattern: the `tokenizers` package of the version below,
    whose regular expressions know a later Unicode. On code points of Unicode 14.0 it agrees with unicodedata.

    python3.11 tools/make_unicode_tables.py --output model/unicode_tables.cc
"""

import argparse
import sys
import unicodedata

UNICODE_VERSION = "14.0.0"
TOKENIZERS_VERSION = "0.23.3"
LINE_WIDTH = 120

CAPITAL_SIGMA = "\u03a3"
FINAL_SIGMA = "\u03c2"
CAPITAL_I_WITH_DOT = "\u0130"  # the only character that str.lower() turns into two

SCALAR_VALUES = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def mismatch_of_sources():
    """What keeps this Python from making the pinned tables, or None."""
    if unicodedata.unidata_version != UNICODE_VERSION:
        return f"this Python knows Unicode {unicodedata.unidata_version}, the tables are pinned to {UNICODE_VERSION}"
    try:
        import tokenizers
    except ImportError:
        return "the package tokenizers is not installed"
    if tokenizers.__version__ != TOKENIZERS_VERSION:
        return f"tokenizers is {tokenizers.__version__}, the tables are pinned to {TOKENIZERS_VERSION}"
    return None


def ranges_of(code_points):
    """Sorted code points as inclusive (first, last)."""
    ranges = []
    for c in code_points:
        if ranges and c == ranges[-1][1] + 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    return [tuple(r) for r in ranges]


def splitting_classes():
    """Letters, numbers and white space as `tokenizers` splits them: a class sticks to a member of the same class."""
    from tokenizers import pre_tokenizers

    split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str
    members = {"a": [], "1": [], ".": [], "space": []}
    for c in SCALAR_VALUES:
        sticks_to = [probe for probe in "a1." if len(split(probe + chr(c))) == 1]
        assert len(sticks_to) <= 1, f"U+{c:04X} sticks to {sticks_to}"
        members[sticks_to[0] if sticks_to else "space"].append(c)
    return members["a"], members["1"], members["space"]


def sigma_context():
    """Code points that the final sigma rule looks through, and those that it counts as letters with case."""
    ignorable, cased = [], []
    for c in SCALAR_VALUES:
        if (chr(c) + CAPITAL_SIGMA).lower().endswith(FINAL_SIGMA):
            cased.append(c)
        elif ("a" + chr(c) + CAPITAL_SIGMA).lower().endswith(FINAL_SIGMA):
            ignorable.append(c)
    return ignorable, cased


def lower_runs():
    """str.lower() as (first, last, stride, delta), without capital sigma and capital I with dot."""
    runs = []
    for c in SCALAR_VALUES:
        lower = chr(c).lower()
        if lower == chr(c) or chr(c) in (CAPITAL_SIGMA, CAPITAL_I_WITH_DOT):
            continue
        assert len(lower) == 1, f"U+{c:04X} has {len(lower)} characters in lower case"
        delta = ord(lower) - c
        if runs and runs[-1][3] == delta:
            first, last, stride, _ = runs[-1]
            step = c - last
            if step <= 2 and (first == last or step == stride):
                runs[-1] = (first, c, step, delta)
                continue
        runs.append((c, c, 1, delta))
    return runs


def table(comment, element, name, entries):
    """A C++ array of `entries`, as many to a line as fit, and the span that exports it."""
    lines = [f"// {comment}", f"constexpr {element} {name}Table[] = {{"]
    line = "   "
    for entry in entries:
        text = " {" + ", ".join(entry) + "},"
        if len(line) + len(text) > LINE_WIDTH:
            lines.append(line)
            line = "   "
        line += text
    return "\n".join(lines + [line, "};", ""])


def render():
    """The text of model/unicode_tables.cc. Deterministic."""
    letters, numbers, white_space = splitting_classes()
    ignorable, cased = sigma_context()
    python_space = [c for c in SCALAR_VALUES if chr(c).isspace()]
    sets = [
        ("Letters of GPT-2's splitting pattern.", "kLetters", letters),
        ("Numbers of GPT-2's splitting pattern.", "kNumbers", numbers),
        ("White space of GPT-2's splitting pattern.", "kWhiteSpace", white_space),
        ("Where Python's str.split() splits.", "kPythonSpace", python_space),
        ("What the final sigma rule looks through.", "kCaseIgnorable", ignorable),
        ("What the final sigma rule counts as cased.", "kCased", cased),
    ]
    parts = [
        "// Made by tools/make_unicode_tables.py; do not edit.\n"
        f"// Python's properties: Unicode {UNICODE_VERSION}. Splitting classes: tokenizers {TOKENIZERS_VERSION}.\n"
        '#include "model/unicode_tables.h"\n\n'
        "namespace lqvg::unicode {\nnamespace {\n\n// clang-format off"
    ]
    for comment, name, members in sets:
        entries = [(f"0x{a:X}", f"0x{b:X}") for a, b in ranges_of(members)]
        parts.append(table(comment, "CodePointRange", name, entries))
    entries = [(f"0x{a:X}", f"0x{b:X}", str(stride), str(delta)) for a, b, stride, delta in lower_runs()]
    parts.append(table("Python's str.lower().", "LowerRun", "kLower", entries))
    parts.append("// clang-format on\n\n}  // namespace\n")
    for _, name, _ in sets:
        parts.append(f"const std::span<const CodePointRange> {name}{{{name}Table}};")
    parts.append("const std::span<const LowerRun> kLower{kLowerTable};\n\n}  // namespace lqvg::unicode\n")
    return "\n".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="where to write, model/unicode_tables.cc")
    arguments = parser.parse_args()
    mismatch = mismatch_of_sources()
    if mismatch:
        sys.exit(f"make_unicode_tables: {mismatch}")
    text = render()
    with open(arguments.output, "w", encoding="ascii", newline="\n") as output:
        output.write(text)


if __name__ == "__main__":
    main()
