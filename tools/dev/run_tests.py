#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Meson's tests quietly and counts what is in them.

usage: run_tests.py BUILD_DIR [OPTION of meson test]...

Prints the whole log of each test that failed, and at last "N passed, N failed".
A test program that uses Check counts as the cases which its summary tells of;
one that ended otherwise than the summary says, or without a summary, is a
failure. A test that prints TAP counts as its points but those that
were skipped, in the same way. Every other test counts as one.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

SUMMARY = re.compile(r'^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$', re.MULTILINE)
POINT = re.compile(r'^(not )?ok\b(.*)$', re.MULTILINE)
SKIP = re.compile(r'# skip', re.IGNORECASE)


def uses_check(command):
    """Whether one of the command's words is a program that runs Check's cases."""
    for word in command:
        content = pathlib.Path(word).read_bytes() if pathlib.Path(word).is_file() else b''
        if content.startswith(b'\x7fELF') and b'srunner_run_all' in content:
            return True
    return False


def count(test):
    """Returns how many cases passed and failed."""
    if test['result'] == 'SKIP':
        return 0, 0
    is_good = test['result'] in ('OK', 'EXPECTEDFAIL')
    stdout = test.get('stdout', '')
    if uses_check(test['command']):
        summaries = SUMMARY.findall(stdout)
        checks = sum(int(summary[0]) for summary in summaries)
        failed = sum(int(summary[1]) + int(summary[2]) for summary in summaries)
    elif stdout.startswith('TAP version'):
        points = POINT.findall(stdout)
        checks = sum(not SKIP.search(text) for _, text in points)
        failed = sum(bool(bad) and not SKIP.search(text) for bad, text in points)
        if points and checks == 0 and is_good:
            return 0, 0
    else:
        return int(is_good), int(not is_good)
    if checks == 0 or (failed == 0 and not is_good):
        return checks - failed, failed + 1
    return checks - failed, failed


def show(test, build_dir):
    code = test['returncode']
    how = f'killed by signal {-code}' if code < 0 else f'exit code {code}'
    print(f'--- {build_dir.name}: {test["name"]}: {test["result"]}, {how}, '
          f'{test["duration"]:.1f} s')
    print('   ', ' '.join(test['command']))
    print(test.get('stdout', ''), end='')
    print(test.get('stderr', ''), end='')
    print(f'--- end of {test["name"]}', flush=True)


def main():
    build_dir = pathlib.Path(sys.argv[1])
    logs = build_dir / 'meson-logs'
    for old in logs.glob('run_tests*.json'):
        old.unlink()
    # By default undefined behaviour is only told of, and the program goes on.
    os.environ.setdefault('UBSAN_OPTIONS', 'halt_on_error=1:print_stacktrace=1')
    meson = subprocess.run(['meson', 'test', '-C', build_dir, '--no-rebuild',
                            '--logbase=run_tests', *sys.argv[2:]], check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    tests = [json.loads(line) for log in logs.glob('run_tests*.json')
             for line in log.read_text(encoding='utf-8').splitlines()]

    passed = failed = 0
    for test in tests:
        good, bad = count(test)
        passed += good
        failed += bad
        if bad:
            show(test, build_dir)
    if passed + failed == 0 or (failed == 0 and meson.returncode != 0):
        print(f'--- {build_dir.name}: meson test ended with {meson.returncode}\n{meson.stdout}')
        failed += 1
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
