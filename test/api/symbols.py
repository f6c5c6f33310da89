#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what the libraries export with what the headers promise.

The shared library defines exactly the BIDE_API symbols of the headers. The
static archive defines no global symbol that could meet one of a program's own:
each begins with bide_, or bide__ where it is for the library alone.
"""

import argparse
import re
import subprocess
import sys


def defined_symbols(nm, library, *options):
    out = subprocess.run([nm, '--defined-only', '--extern-only', '--format=posix', *options,
                          library], check=True, stdout=subprocess.PIPE, text=True).stdout
    # An archive's listing has a line "archive[member]:" before each member.
    return {line.split()[0].split('@')[0] for line in out.splitlines()
            if line and not line.endswith(':')}


def promised_symbols(header):
    with open(header, encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL)
    text = re.sub(r'^\s*#.*$', '', text, flags=re.MULTILINE)
    # The name is the word before the first parenthesis, attributes being macros.
    return set(re.findall(r'\bBIDE_API\b[^;(]*?(\w+)\s*[(;\[]', text))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--nm', required=True)
    parser.add_argument('--shared', required=True)
    parser.add_argument('--static', required=True)
    parser.add_argument('headers', nargs='+')
    args = parser.parse_args()

    exported = defined_symbols(args.nm, args.shared, '--dynamic')
    promised = set().union(*map(promised_symbols, args.headers))
    in_archive = defined_symbols(args.nm, args.static)

    complaints = [f'{name}: exported, but in no header' for name in exported - promised]
    complaints += [f'{name}: in a header, but not exported' for name in promised - exported]
    complaints += [f'{name}: global in the archive without the prefix bide_'
                   for name in in_archive if not name.startswith('bide_')]
    if not promised:
        complaints.append('no header promises anything')
    for complaint in sorted(complaints):
        print(complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
