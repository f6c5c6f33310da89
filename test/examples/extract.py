#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the C program that a document shows to a file, so that it is compiled.

usage: extract.py DOCUMENT OUTPUT

A document is Markdown, where C stands in ```c fences, or an mdoc page, where it
stands in the literal displays of the section EXAMPLES. It shows exactly one: a
second one would go unseen, and a page without one lacks something.
"""
import re
import sys


def markdown_programs(text):
    return re.findall(r'^```c\n(.*?)^```$', text, re.M | re.S)


def mdoc_programs(text):
    section = re.search(r'^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)', text, re.M | re.S)
    displays = re.findall(r'^\.Bd -literal.*?\n(.*?)^\.Ed$', section[1] if section else '',
                          re.M | re.S)
    return [re.sub(r'\\([e&])', lambda m: {'e': '\\', '&': ''}[m[1]], d) for d in displays]


def main():
    document, output = sys.argv[1:]
    with open(document, encoding='utf-8') as file:
        text = file.read()
    programs = markdown_programs(text) if document.endswith('.md') else mdoc_programs(text)
    if len(programs) != 1:
        sys.exit(f'{document}: {len(programs)} C programs, not one')
    with open(output, 'w', encoding='utf-8') as file:
        file.write(programs[0])


if __name__ == '__main__':
    main()
