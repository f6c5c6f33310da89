#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the sources against the rules that neither compiler nor formatter knows.

usage: tidy.py [--root DIR]

Prints "path:line: rule: what is wrong" for each violation; the exit code tells
whether there was one. It reads lines, not C: it relies on the layout that
clang-format gives. Exceptions stand in tools/tidy-exceptions.txt, one a line:

    rule path[:function]  the reason

That file may only shrink: an exception that nothing needs is an error, too.
"""

import argparse
import pathlib
import re
import sys

FILE_LINES, FUNCTION_LINES, PARAMETERS, LEVELS, COLUMNS = 600, 70, 5, 3, 100

# Which layers the files of a layer may include; "core/backend.h" is one file.
LAYERS = {
    'base': {'base'},
    'core': {'base', 'core'},
    'backend': {'base', 'backend', 'core/backend.h'},
    'io': {'base', 'core', 'io'},
    'sync': {'base', 'core', 'sync'},
    'thread': {'base', 'core', 'thread'},
    'diag': {'base', 'core', 'diag'},
}
PROGRAMS = ('examples/', 'tools/', 'bench/', 'posix/', 'include/')

# Words in code (not in comments): where they count, the one file that may use
# them, what to do instead.
WORDS = [
    ('errno', r'\berrno\b', 'src/', 'src/base/sys.c', 'codes are negative return values'),
    ('malloc', r'(?<!->)(?<!\.)\b(malloc|calloc|realloc|aligned_alloc|posix_memalign|str'
     r'n?dup|v?asprintf|free)\s*\(', 'src/', 'src/base/mem.c', 'use base/mem.h'),
    ('sleep', r'\b(sleep|usleep|nanosleep|clock_nanosleep|thrd_sleep)\s*\(', 'test/unit/', None,
     'unit tests run in virtual time'),
    ('line-comment', r'//', '', None, '/* … */ only'),
]
# Brackets, so that a search for these marks does not find this line.
MARKS = re.compile(r'\bX[X]X\b|\bFIX[M]E\b|\bHAC[K]\b|\bTOD[O]\b(?!\()')

INVARIANT = re.compile(r'\b[A-Z]{1,2}[1-9]\b')
INVARIANT_ENTRY = re.compile(r'^ \* +([A-Z]{1,2}[1-9]) {2,}\S', re.MULTILINE)
NOT_INVARIANTS = {'L1', 'L2', 'L3'}     # the caches of a processor

COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
CONTROL = re.compile(r'^(\t+)(?:\} )?(?:if|else|for|while|do|switch|BIDE_[A-Z_]+)\b')


def blank(text):
    return re.sub(r'[^\n]', ' ', text)


class Source:
    """A C file: its lines, and the same lines as code alone and as comments alone."""

    def __init__(self, root, path):
        self.path = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding='utf-8')
        self.lines = self.text.splitlines()
        code = COMMENT_OR_STRING.sub(
            lambda m: blank(m[0]) if m[0][0] == '/' else m[0][0] + blank(m[0][1:-1]) + m[0][0],
            self.text)
        self.code = code.splitlines()
        self.comments = [m for m in COMMENT_OR_STRING.finditer(self.text) if m[0][0] == '/']

    def line_of(self, offset):
        return self.text.count('\n', 0, offset) + 1

    def functions(self):
        """Yields (name, signature, first line, last line) of each definition."""
        start = None
        for number, line in enumerate(self.code, 1):
            if line.rstrip() == '{':
                start = number
            elif line.startswith('}') and start:
                yield *self.signature_above(start), start, number
                start = None

    def signature_above(self, brace):
        first = brace - 1
        while first > 1 and not re.search(r'^\s*$|^#|^[}{]|[;:]\s*$', self.code[first - 2]):
            first -= 1
        signature = ' '.join(self.code[first - 1:brace - 1])
        plain = re.sub(r'__attribute__\s*\(\(.*?\)\)', '', signature)
        name = re.search(r'(\w+)\s*\(', plain)
        return (name[1] if name else '?'), plain


def parameter_count(signature):
    """Counts the commas between the signature's outermost parentheses."""
    depth = count = 0
    for char in signature[signature.find('('):]:
        depth += (char == '(') - (char == ')')
        count += char == ',' and depth == 1
        if depth == 0:
            break
    return count + 1


def check_size(source):
    if len(source.lines) > FILE_LINES:
        yield 1, 'file-length', f'{len(source.lines)} lines, more than {FILE_LINES}'
    for number, line in enumerate(source.lines, 1):
        columns = len(line.expandtabs(8))
        if columns > COLUMNS:
            yield number, 'columns', f'{columns} columns, more than {COLUMNS}'


def check_functions(source):
    for name, signature, first, last in source.functions():
        where = f'{source.path}:{name}'
        if last - first + 1 > FUNCTION_LINES:
            yield first, 'function-length', f'{name}() has {last - first + 1} lines', where
        # TEST(…) and its like are macros, with arguments by name.
        if parameter_count(signature) > PARAMETERS and not name.isupper():
            yield first, 'parameters', f'{name}() takes {parameter_count(signature)}', where
        for number in range(first, last):
            control = CONTROL.match(source.code[number])
            if control and len(control[1]) > LEVELS:
                yield number + 1, 'nesting', f'{name}() has {len(control[1])} levels', where


def check_words(source):
    for rule, pattern, folder, home, advice in WORDS:
        if not source.path.startswith(folder) or source.path == home:
            continue
        for number, line in enumerate(source.code, 1):
            found = None if line.startswith('#include') else re.search(pattern, line)
            if found:
                yield number, rule, f'"{found[0]}": {advice}'
    for number, line in enumerate(source.lines, 1):
        found = MARKS.search(line)
        if found:
            yield number, 'marks', f'"{found[0]}": open matters name who or what they wait for'


def check_includes(source):
    layer = source.path.split('/')[1] if source.path.startswith('src/') else None
    for number, line in enumerate(source.lines, 1):
        include = re.match(r'#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not include:
            continue
        target = include[1]
        top = target.split('/')[0]
        if '..' in target and layer:
            yield number, 'include', f'"{target}": name the layer instead'
        elif '/' not in target or top not in LAYERS:
            continue
        elif source.path.startswith(PROGRAMS):
            yield number, 'include', f'"{target}": programs see include/ only'
        elif layer in LAYERS and top not in LAYERS[layer] and target not in LAYERS[layer]:
            yield number, 'include', f'{layer}/ may not include "{target}"'


def check_entries(source):
    """Above each promised symbol, or above the first of its run, stands a comment."""
    if not source.path.startswith('include/'):
        return
    for number, line in enumerate(source.code, 1):
        if not line.startswith('BIDE_API'):
            continue
        above = number - 1
        while above > 0 and source.code[above - 1].strip():
            above -= 1
        if above == 0 or not source.lines[above - 1].rstrip().endswith('*/'):
            yield number, 'header-entry', 'no comment says what this is'


def check_invariants(sources):
    """Every invariant that a comment of src/ cites stands in the head of a file there."""
    entries, cited = set(), []
    for source in sources:
        if source.path.startswith('src/'):
            for comment in source.comments:
                entries.update(INVARIANT_ENTRY.findall(comment[0]))
                cited += [(source, comment.start() + m.start(), m[0])
                          for m in INVARIANT.finditer(comment[0])]
    for source, offset, letter in cited:
        if letter not in entries | NOT_INVARIANTS:
            yield source.path, source.line_of(offset), 'invariant', f'{letter} is in no file head'


def check_man_pages(root, sources):
    promised = set()
    for source in sources:
        if source.path.startswith('include/'):
            promised.update(re.findall(r'^BIDE_API\b[^;(]*?\b(bide_\w*[a-z0-9])\s*\(',
                                       '\n'.join(source.code), re.MULTILINE))
    named = {}
    for page in sorted((root / 'man').glob('*.3')):
        section = re.search(r'^\.S[Hh] "?NAME"?\n(.*?)(?=^\.S[Hh])',
                            page.read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)
        for name in re.findall(r'\bbide_\w+', section[1] if section else ''):
            named[name] = f'man/{page.name}'
    for name in sorted(promised - named.keys()):
        yield 'man', 1, 'man-page', f'{name} is in no NAME section'
    for name in sorted(named.keys() - promised):
        yield named[name], 1, 'man-page', f'{name} is no public function'


def read_exceptions(root):
    """Returns {(rule, where): line number}, and complaints about the file itself."""
    path = root / 'tools' / 'tidy-exceptions.txt'
    exceptions, complaints = {}, []
    lines = path.read_text(encoding='utf-8').splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        words = line.split(None, 2)
        if not words or words[0].startswith('#'):
            continue
        if len(words) < 3:
            complaints.append((f'tools/{path.name}', number, 'exceptions', 'gives no reason'))
        exceptions[tuple(words[:2])] = number
    return exceptions, complaints


def run(root):
    """Returns the violations as (path, line, rule, message), and a note or None."""
    exceptions, violations = read_exceptions(root)
    needed, note = set(), None
    paths = sorted(path for folder in ('include', 'src', 'posix', 'test', 'examples', 'bench',
                                       'tools')
                   for pattern in ('*.c', '*.h') for path in (root / folder).rglob(pattern))
    sources = [Source(root, path) for path in paths]

    found = []
    for source in sources:
        for check in check_size, check_functions, check_words, check_includes, check_entries:
            for line, rule, message, *where in check(source):
                found.append((source.path, line, rule, message, *where))
    found += check_invariants(sources)
    if any((root / 'man').glob('*')):
        found += check_man_pages(root, sources)
    else:
        note = 'tidy: man pages are not checked: man/ does not exist yet'

    for path, line, rule, message, *where in found:
        key = (rule, where[0] if where else path)
        if key in exceptions:
            needed.add(key)
        else:
            violations.append((path, line, rule, message))
    for key in exceptions.keys() - needed:
        violations.append(('tools/tidy-exceptions.txt', exceptions[key], 'exceptions',
                           f'"{key[0]} {key[1]}" is no longer needed: remove it'))
    if not sources:
        violations.append(('.', 1, 'tidy', 'there are no sources here'))
    return sorted(violations), note


def main():
    parser = argparse.ArgumentParser(description='checks the sources against the house rules')
    parser.add_argument('--root', type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    violations, note = run(parser.parse_args().root)
    if note:
        print(note)
    for path, line, rule, message in violations:
        print(f'{path}:{line}: {rule}: {message}')
    return 1 if violations else 0


if __name__ == '__main__':
    sys.exit(main())
