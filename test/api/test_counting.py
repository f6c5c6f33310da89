#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/dev/run_tests.py makes of a test's end: nothing that went wrong is lost."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools' / 'dev'))
import run_tests    # noqa: E402


class CountingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = pathlib.Path(folder.name) / 'test_x'
        self.program.write_bytes(b'\x7fELF\0srunner_run_all\0')

    def count(self, result, stdout='', command=None):
        command = command or ['valgrind', str(self.program)]
        return run_tests.count({'result': result, 'stdout': stdout, 'command': command})

    def test_a_program_with_check_counts_as_its_cases(self):
        self.assertEqual(self.count('OK', '100%: Checks: 12, Failures: 0, Errors: 0\n'), (12, 0))
        self.assertEqual(self.count('FAIL', 'x\n66%: Checks: 12, Failures: 3, Errors: 1\ny\n'),
                         (8, 4))

    def test_two_summaries_are_added(self):
        self.assertEqual(self.count('OK', '100%: Checks: 2, Failures: 0, Errors: 0\n' * 2), (4, 0))

    def test_a_failure_behind_a_good_summary_counts(self):
        summary = '100%: Checks: 12, Failures: 0, Errors: 0\n'
        self.assertEqual(self.count('FAIL', summary), (12, 1))
        self.assertEqual(self.count('TIMEOUT', summary), (12, 1))

    def test_a_missing_summary_is_a_failure(self):
        self.assertEqual(self.count('FAIL', 'Running suite(s): bide\n'), (0, 1))
        self.assertEqual(self.count('OK'), (0, 1))
        self.assertEqual(self.count('OK', '100%: Checks: 0, Failures: 0, Errors: 0\n'), (0, 1))

    def test_a_test_that_prints_tap_counts_as_its_points(self):
        tap = 'TAP version 13\n1..3\nok 1 - a\nnot ok 2 - b\n# ok so far\nok 3 - c\n'
        script = ['python3', __file__]
        self.assertEqual(self.count('ERROR', tap, script), (2, 1))
        good = tap.replace('not ok', 'ok')
        self.assertEqual(self.count('OK', good, script), (3, 0))
        self.assertEqual(self.count('TIMEOUT', good, script), (3, 1))
        self.assertEqual(self.count('OK', 'TAP version 13\n1..0\n', script), (0, 1))

    def test_a_skipped_point_neither_passed_nor_failed(self):
        script = ['python3', __file__]
        tap = 'TAP version 13\n1..3\nok 1 - a\nok 2 - b # SKIP no wrk\nok 3 # skip\n'
        self.assertEqual(self.count('OK', tap, script), (1, 0))
        self.assertEqual(self.count('FAIL', tap, script), (1, 1))
        self.assertEqual(self.count('OK', 'TAP version 13\n1..1\nok 1 # SKIP\n', script), (0, 0))

    def test_any_other_test_counts_as_one(self):
        script = ['python3', __file__]
        self.assertEqual(self.count('OK', command=script), (1, 0))
        for result in 'FAIL', 'TIMEOUT', 'ERROR', 'INTERRUPT', 'UNEXPECTEDPASS':
            self.assertEqual(self.count(result, command=script), (0, 1))

    def test_a_skipped_test_counts_as_nothing(self):
        self.assertEqual(self.count('SKIP', command=['true']), (0, 0))


if __name__ == '__main__':
    unittest.main()
