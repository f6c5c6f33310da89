#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that the manual is complete and clean.

usage: man_pages.py INCLUDE_DIR PAGE...

Each public function stands in the NAME and the SYNOPSIS of exactly one page, and
each name there is public. The pages refer to each other only where there is
something to find. groff, and mandoc where it is installed, have nothing to say.
"""
import collections
import pathlib
import re
import shutil
import subprocess
import sys


def public_names(include_dir):
    names = set()
    for header in include_dir.glob('bide/*.h'):
        text = re.sub(r'/\*.*?\*/', '', header.read_text(encoding='utf-8'), flags=re.S)
        for declaration in re.findall(r'\bBIDE_API\b([^;{]*)', text):
            name = re.search(r'(bide_\w+)\(', declaration)
            if name and not name[1].endswith('_'):      # a macro's helper
                names.add(name[1])
        names.update(re.findall(r'#define (BIDE_TIMEOUT|BIDE_WITH_LOCK)\(', text))
    return names


def section(text, title):
    found = re.search(rf'^\.Sh {title}\n(.*?)(?=^\.Sh |\Z)', text, re.M | re.S)
    return found[1] if found else ''


def complaints_of(command, page):
    if shutil.which(command[0]) is None:
        print(f'{command[0]} is not installed: not asked')
        return ''
    done = subprocess.run(command + [str(page)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


def main():
    include_dir = pathlib.Path(sys.argv[1])
    pages = [pathlib.Path(argument) for argument in sys.argv[2:]]
    texts = {page: page.read_text(encoding='utf-8') for page in pages}
    public = public_names(include_dir)
    problems = []

    described = collections.Counter()
    for page, text in texts.items():
        if page.name == 'bide.7':
            continue
        names = re.findall(r'^\.Nm (\w+)', section(text, 'NAME'), re.M)
        described.update(names)
        synopsis = section(text, 'SYNOPSIS')
        for name in names:
            if not re.search(rf'^(\.F[no] )?{name}\b', synopsis, re.M):
                problems.append(f'{page.name}: {name} is not in the SYNOPSIS')
        for title in ('DESCRIPTION', 'RETURN VALUES', 'EXAMPLES', 'SEE ALSO'):
            if not section(text, title):
                problems.append(f'{page.name}: no section {title}')
    for name in sorted(public | set(described)):
        if name not in public:
            problems.append(f'{name} is described but not public')
        elif described[name] != 1:
            problems.append(f'{name} is described by {described[name]} pages')

    known = set(described) | {page.stem for page in pages}
    for page, text in texts.items():
        for name in re.findall(r'^\.Xr (bide\w*) [37]', text, re.M):
            if name not in known:
                problems.append(f'{page.name}: refers to {name}, which is in no page')
        for command in (['groff', '-mdoc', '-ww', '-Tutf8', '-z'],
                        ['mandoc', '-Tlint', '-Wwarning']):
            complaints = complaints_of(command, page)
            if complaints:
                problems.append(complaints.rstrip())

    print(f'{len(pages)} pages, {len(public)} names')
    if problems:
        sys.exit('\n'.join(problems))


if __name__ == '__main__':
    main()
