#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lays out C files by clang-format, apart from what that cannot leave alone.

usage: format.py [--check] FILE...

Two things are laid out by hand, because clang-format would move them whatever
its options say: the column of a comment behind code, as behind the members of
a struct, and directives over several lines, macros above all. With --check nothing is written; the exit
code tells whether something would have been.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree

DIRECTIVE = re.compile(rb'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.MULTILINE)
COMMENT_COLUMN = 24     # a comment on a line of its own that starts further right


def replacements(path):
    out = subprocess.run(['clang-format', '--output-replacements-xml', path],
                         check=True, stdout=subprocess.PIPE).stdout
    # The parser would turn a line break in an attribute or a text into a space.
    for entry in xml.etree.ElementTree.fromstring(out).iter('replacement'):
        yield int(entry.get('offset')), int(entry.get('length')), (entry.text or '').encode()


def is_by_hand(text, directives, offset, length, new):
    if any(start <= offset < end for start, end in directives):
        return True
    old = text[offset:offset + length]
    if (old + new).strip() or not text.startswith(b'/*', offset + length):
        return False
    if b'\n' not in old + new:
        return True
    indent = old.rpartition(b'\n')[2].decode().expandtabs(8)
    return len(indent) > COMMENT_COLUMN and old.count(b'\n') == new.count(b'\n')


def formatted(path, text):
    directives = [match.span() for match in DIRECTIVE.finditer(text)]
    for offset, length, new in sorted(replacements(path), reverse=True):
        if not is_by_hand(text, directives, offset, length, new):
            text = text[:offset] + new + text[offset + length:]
    return text


def main():
    is_check = '--check' in sys.argv
    has_differences = False
    for path in (word for word in sys.argv[1:] if word != '--check'):
        with open(path, 'rb') as file:
            before = file.read()
        after = formatted(path, before)
        if before == after:
            continue
        has_differences = True
        if is_check:
            subprocess.run(['diff', '-u', '--label', path, '--label', f'{path} (formatted)',
                            path, '-'], input=after, check=False)
        else:
            with open(path, 'wb') as file:
                file.write(after)
    return 1 if is_check and has_differences else 0


if __name__ == '__main__':
    sys.exit(main())
