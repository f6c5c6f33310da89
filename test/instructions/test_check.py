#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What check.py makes of counts and their record, without counting."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import check    # noqa: E402

DUMP = """\
desc: Trigger: Client Request: yield_2 1000

fn=outer
0 30
cfn=inner
calls=2 0
0 1000

fn=inner
0 900
5 100

fn=outer'2
0 12

fn=lock@@GLIBC_2.2.5
0 7
"""


class CheckTest(unittest.TestCase):
    def record(self, text):
        file = tempfile.NamedTemporaryFile('w', suffix='.txt', encoding='utf-8')
        self.addCleanup(file.close)
        file.write(text)
        file.flush()
        before = check.RECORD
        self.addCleanup(setattr, check, 'RECORD', before)
        check.RECORD = pathlib.Path(file.name)
        return check.RECORD

    def is_good(self, count, recorded=(200.0, 'a reason')):
        return check.judge('x', count, recorded)[0]

    def test_five_percent_are_allowed_either_way(self):
        for count in 200.0, 210.0, 190.0:
            self.assertTrue(self.is_good(count))
        for count in 210.1, 189.9, 400.0, 0.0:
            self.assertFalse(self.is_good(count))

    def test_a_path_needs_a_record_and_a_reason(self):
        self.assertFalse(self.is_good(200.0, None))
        self.assertFalse(self.is_good(200.0, (200.0, '')))
        self.assertFalse(self.is_good(200.0, (0.0, 'a reason')))

    def test_a_failure_names_the_path_and_both_counts(self):
        said = check.judge('yield_2', 300.0, (200.0, 'a reason'))[1]
        self.assertEqual(said, 'yield_2: 300.0 instructions, recorded 200.0: 50% more')

    def test_what_was_called_is_not_a_functions_own(self):
        self.assertEqual(check.functions_in(DUMP), {'outer': 42, 'inner': 1000, 'lock': 7})

    def test_a_record_is_read_as_it_was_written(self):
        file = self.record('# head\n\nold 1.0 gone\n')
        entries = {'yield_2': (194.1, 'a reason, in words'), 'bare': (7.0, '')}
        check.write_record(entries)
        self.assertEqual(check.read_record(), entries)
        self.assertTrue(file.read_text(encoding='utf-8').startswith('# head\n\nyield_2 '))

    def test_a_line_with_a_name_alone_has_neither_count_nor_reason(self):
        self.record('# head\n\nyield_2\n')
        self.assertEqual(check.read_record(), {'yield_2': (0.0, '')})


if __name__ == '__main__':
    unittest.main()
