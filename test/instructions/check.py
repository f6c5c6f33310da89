#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the instructions that hot paths take against their record.

usage: check.py [--program FILE] [--functions] [NAME...]
       check.py [--program FILE] --record --reason TEXT NAME...
       check.py --skip WHY

Runs test/instructions/hot_paths under callgrind, which counts every instruction
of the program and none of the kernel. A count that differs from its record by
more than 5 % is a failure, a smaller one, too: the record would hide as much
growth later. So is a path that has no record or no reason there, and a record
without a path. What is printed is TAP, one point for each path, with the
functions that take most of one that failed, or of all with --functions.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
RECORD = HERE / 'record.txt'
PROGRAM = TOP / 'build' / 'release' / 'test' / 'instructions' / 'hot_paths'

TOLERANCE = 0.05
LIBC = 'glibc 2.36'
FUNCTIONS_SHOWN = 8

# Nothing of the caller's environment changes what the library does. And of those
# functions that libc has for several processors, such as memcpy(), the same one runs
# on each.
ENVIRONMENT = {
    'PATH': os.environ.get('PATH', ''),
    'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX512VL,-AVX2,-AVX,-AVX_Fast_Unaligned_Load,'
                      '-SSE4_2,-SSE4_1,-SSSE3,-ERMS',
}


def read_record():
    """Returns {name: (count, reason)}."""
    lines = RECORD.read_text(encoding='utf-8').splitlines()
    entries = [line.split(None, 2) + ['', ''] for line in lines if line and line[0] != '#']
    return {name: (float(count or 0), reason) for name, count, reason, *_ in entries}


def write_record(entries):
    head = [line for line in RECORD.read_text(encoding='utf-8').splitlines() if line[:1] == '#']
    lines = [f'{name:20} {count:8.1f}  {reason}' for name, (count, reason) in entries.items()]
    RECORD.write_text('\n'.join(head + [''] + lines) + '\n', encoding='utf-8')


def functions_in(dump):
    """Returns how many instructions each function took by itself."""
    costs = collections.Counter()
    function, is_call = '?', False
    for line in dump.splitlines():
        if line.startswith('fn='):
            # Without what callgrind adds in a recursion, and the symbol's version.
            function = re.sub(r"@.*|'\d+$", '', line[3:])
        elif line.startswith('calls='):
            is_call = True              # the next line is what was called
        elif line[:1].isdigit():
            if not is_call:
                costs[function] += int(line.split()[1])
            is_call = False
    return costs


def measure(program, names):
    """Returns {name: Counter of the instructions of each function for one operation}."""
    runs = collections.defaultdict(dict)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            ['valgrind', '--tool=callgrind', '--compress-strings=no', '--compress-pos=no',
             f'--callgrind-out-file={folder}/out', program, *names],
            check=False, env=ENVIRONMENT, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if run.returncode != 0:
            raise SystemExit(f'{run.stdout}valgrind ended with {run.returncode}')
        # In the order of writing: the last run of a path with 2n replaces the first.
        for file in sorted(pathlib.Path(folder).glob('out.*'), key=lambda f: int(f.suffix[1:])):
            dump = file.read_text(encoding='utf-8')
            what = re.search(r'^desc: Trigger: Client Request: (\S+) (\d+)$', dump, re.MULTILINE)
            if what:
                runs[what[1]][int(what[2])] = functions_in(dump)

    counts = {}
    for name, by_size in runs.items():
        n, twice = sorted(by_size)
        counts[name] = {function: (by_size[twice][function] - by_size[n][function]) / n
                        for function in by_size[twice]}
    return counts


def judge(name, count, entry):
    """Returns whether the count is as recorded, and what is to be said of it."""
    now = f'{name}: {count:.1f} instructions'
    if entry is None:
        return False, f'{now}, not recorded'
    recorded, reason = entry
    said = f'{now}, recorded {recorded:.1f}'
    if abs(count - recorded) > TOLERANCE * recorded:
        change = f'{abs(count / recorded - 1):.0%}' if recorded else 'all'
        return False, f'{said}: {change} {"more" if count > recorded else "fewer"}'
    return bool(reason), said if reason else f'{said}, without a reason'


def show_functions(costs):
    biggest = sorted(costs.items(), key=lambda item: -item[1])[:FUNCTIONS_SHOWN]
    for function, cost in biggest:
        if cost >= 0.05:
            print(f'#   {cost:8.1f}  {function}')


def check(program, names, shows_all):
    """Prints a point for each path and returns whether all are good."""
    record = read_record()
    paths = names or paths_of(program)
    counts = measure(program, paths)
    stale = [] if names else [name for name in record if name not in paths]

    print(f'TAP version 13\n1..{len(paths) + len(stale)}')
    bad = []
    for number, name in enumerate(paths, 1):
        is_good, said = judge(name, sum(counts[name].values()), record.get(name))
        print(f'{"ok" if is_good else "not ok"} {number} - {said}')
        if not is_good:
            bad.append(name)
            if record.get(name, (0, ''))[1]:
                print(f'#   recorded because: {record[name][1]}')
        if not is_good or shows_all:
            show_functions(counts[name])
    for number, name in enumerate(stale, len(paths) + 1):
        print(f'not ok {number} - {name}: recorded, but there is no such path')
    if bad:
        print('# Where that is meant, record it in the commit that brings it, each path with\n'
              '# its reason:\n'
              f'#   test/instructions/check.py --program {os.path.relpath(program, TOP)} \\\n'
              f'#       --record --reason "…" {" ".join(bad)}')
    return not bad and not stale


def record_now(program, names, reason):
    # All of them, as in the test: what ran before in the process may move a count by 0.1 %.
    paths = paths_of(program)
    counts = measure(program, paths)
    record = read_record()
    for name in names:
        if name not in counts:
            raise SystemExit(f'there is no path {name}')
        record[name] = sum(counts[name].values()), reason
    write_record({name: record[name] for name in paths if name in record})


def paths_of(program):
    return subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def why_not():
    """What makes counts on this system others than those of the record, or None."""
    if not shutil.which('valgrind'):
        return 'there is no valgrind'
    libc = os.confstr('CS_GNU_LIBC_VERSION')
    return None if libc == LIBC else f'the record is for {LIBC}, and this is {libc}'


def main():
    parser = argparse.ArgumentParser(description='instructions of hot paths')
    parser.add_argument('--program', type=pathlib.Path, default=PROGRAM)
    parser.add_argument('--functions', action='store_true')
    parser.add_argument('--record', action='store_true')
    parser.add_argument('--reason', default='')
    parser.add_argument('--skip', metavar='WHY')
    parser.add_argument('names', metavar='NAME', nargs='*')
    args = parser.parse_args()

    skip = args.skip or why_not()
    if args.record:
        if skip:
            parser.error(skip)
        if not args.reason.strip() or '\n' in args.reason or not args.names:
            parser.error('--record needs a --reason, on one line, and the names of paths')
        record_now(args.program, args.names, args.reason.strip())
        return 0
    if skip:
        print(f'1..0 # SKIP {skip}')
        return 0
    return 0 if check(args.program, args.names, args.functions) else 1


if __name__ == '__main__':
    sys.exit(main())
