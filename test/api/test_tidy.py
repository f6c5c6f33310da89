#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of tools/tidy.py catches a violation, and nothing else trips over it."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools'))
import tidy     # noqa: E402

# A small project without a fault; each test adds one.
CLEAN = {
    'include/bide/a.h': '''\
/* Does it. Returns 0. */
BIDE_API int bide_do(void);
BIDE_API int bide_do_again(void);

/* Of no use by itself. */
BIDE_API int bide_inner_(void);
''',
    'src/base/sys.c': '#include <errno.h>\nint bide__sys(void)\n{\n\treturn -errno;\n}\n',
    'src/base/mem.c': 'void bide__free(void *memory)\n{\n\tfree(memory);\n}\n',
    'src/core/a.c': '''\
/*
 * a.c - an example
 *
 *   A1  Things hold.
 */
#include "base/list.h"
#include <errno.h>

/* errno, malloc() and sleep() may be named in comments; see A1 and the L1 cache. */
int bide__a(const char *text)
{
	if (text == NULL)
		for (;;)
			while (*text != '/')
				puts("// malloc(3)");
	loop->free(text);
	return -EINVAL;
}
''',
    'src/backend/b.c': '#include "core/backend.h"\n#include "fd.h"\n#include "backend/fd.h"\n',
    'test/unit/t.c': '#include "core/a.h"\n\nTEST(a, b)\n{\n\tbide_sleep(1);\n}\n',
    'man/bide_do.3': '.TH BIDE_DO 3\n.SH NAME\nbide_do, bide_do_again \\- does\n.SH SYNOPSIS\n',
}


def function(name='f', arguments='void', body='\treturn 0;\n'):
    return f'int {name}({arguments})\n{{\n{body}}}\n'


class TidyTest(unittest.TestCase):
    def violations(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**CLEAN, **changes}.items():
                if text is not None:
                    (root / name).parent.mkdir(parents=True, exist_ok=True)
                    (root / name).write_text(text, encoding='utf-8')
            return tidy.run(root)

    def assert_clean(self, changes):
        self.assertEqual(self.violations(changes)[0], [])

    def assert_caught(self, rule, path, text, line=None):
        found, _ = self.violations({path: text})
        self.assertEqual([(v[0], v[2]) for v in found], [(path, rule)])
        if line is not None:
            self.assertEqual(found[0][1], line)

    def test_the_clean_project_is_clean(self):
        self.assert_clean({})

    def test_a_project_without_sources_is_an_error(self):
        found, _ = self.violations(dict.fromkeys(CLEAN))
        self.assertEqual([v[2] for v in found], ['tidy'])

    def test_file_length(self):
        self.assert_clean({'src/core/b.c': 'int x;\n' * 600})
        self.assert_caught('file-length', 'src/core/b.c', 'int x;\n' * 601)

    def test_columns_count_tabs_as_eight_and_letters_as_one(self):
        self.assert_clean({'src/core/b.c': '\t/* ' + '…' * 86 + ' */\n'})
        self.assert_caught('columns', 'src/core/b.c', '\n\t/* ' + 'x' * 87 + ' */\n', 2)

    def test_function_length(self):
        self.assert_clean({'src/core/b.c': function(body='\tx++;\n' * 68)})
        self.assert_caught('function-length', 'src/core/b.c', function(body='\tx++;\n' * 69), 2)

    def test_parameters(self):
        self.assert_clean({'src/core/b.c': function(arguments='int a, int b, int c, int d,\n'
                                                    '      int (*e)(int, int)')})
        self.assert_caught('parameters', 'src/core/b.c',
                           function(arguments='int a, int b, int c,\n      int d, int e, int f'))

    def test_arguments_of_test_macros_are_no_parameters(self):
        self.assert_clean({'test/unit/b.c': 'CASE(A, "b", .c = 1, .d = 2, .e = 3, .f = 4)\n{\n}\n'})

    def test_nesting(self):
        body = '\tfor (;;) {\n\t\tif (x)\n\t\t\tx++;\n\t\telse if (y)\n\t\t\tdo {\n'
        self.assert_clean({'src/core/b.c': function(body=body + '\t\t\t} while (0);\n\t}\n')})
        body += '\t\t\t\tif (z)\n\t\t\t\t\tz = 0;\n\t\t\t} while (0);\n\t}\n'
        self.assert_caught('nesting', 'src/core/b.c', function(body=body), 8)

    def test_line_comments(self):
        self.assert_caught('line-comment', 'src/core/b.c', 'int x; // one\n', 1)

    def test_errno(self):
        self.assert_caught('errno', 'src/core/b.c', 'int x = errno;\n', 1)

    def test_malloc_and_its_family(self):
        for call in 'malloc(1)', 'calloc(1, 1)', 'realloc(p, 2)', 'free(p)', 'strdup(s)':
            self.assert_caught('malloc', 'src/core/b.c', function(body=f'\t{call};\n'), 3)

    def test_sleeping_in_unit_tests(self):
        for call in 'sleep(1)', 'usleep(1)', 'nanosleep(&t, NULL)':
            self.assert_caught('sleep', 'test/unit/b.c', function(body=f'\t{call};\n'), 3)
        self.assert_clean({'test/stress/b.c': function(body='\tsleep(1);\n')})

    def test_marks(self):
        for mark in 'X' * 3, 'FIX' + 'ME', 'HAC' + 'K', 'TO' + 'DO: this':
            self.assert_caught('marks', 'src/core/b.c', f'/* {mark} */\n', 1)
        self.assert_clean({'src/core/b.c': '/* TO' + 'DO(kernel 7): use it */\n'})

    def test_includes_point_down(self):
        for path, target in [('src/base/b.c', 'core/a.h'), ('src/core/b.c', 'io/fd.h'),
                             ('src/core/b.c', 'backend/fd.h'), ('src/backend/c.c', 'core/task.h'),
                             ('src/io/b.c', 'sync/lock.h'), ('src/sync/b.c', 'io/fd.h'),
                             ('src/io/b.c', '../core/a.h'), ('examples/b.c', 'core/a.h'),
                             ('include/bide/b.h', 'base/list.h')]:
            self.assert_caught('include', path, f'#include "{target}"\n', 1)

    def test_promised_symbols_have_a_comment(self):
        text = CLEAN['include/bide/a.h'] + '\nBIDE_API extern int bide_x;\n'
        self.assert_caught('header-entry', 'include/bide/a.h', text, 8)

    def test_invariants_that_are_cited_exist(self):
        self.assert_caught('invariant', 'src/core/b.c', 'int x;\n/* See A2. */\n', 2)

    def test_each_public_function_has_a_man_page(self):
        found, _ = self.violations({'man/bide_do.3': '.SH NAME\nbide_do \\- does\n.SH SYNOPSIS\n'})
        self.assertEqual([v[2:] for v in found],
                         [('man-page', 'bide_do_again is in no NAME section')])

    def test_each_name_of_a_man_page_is_public(self):
        self.assert_caught('man-page', 'man/bide_undo.3', '.Sh NAME\n.Nm bide_undo\n.Sh LIBRARY\n')

    def test_missing_man_pages_are_said_not_to_be_checked(self):
        found, note = self.violations({'man/bide_do.3': None})
        self.assertEqual(found, [])
        self.assertIn('man/ does not exist', note)

    def test_an_exception_excuses_what_it_names(self):
        long_function = function(body='\tx++;\n' * 70)
        entry = 'function-length src/core/b.c:f  one table\n'
        self.assert_clean({'src/core/b.c': long_function, 'tools/tidy-exceptions.txt': entry})
        found, _ = self.violations({'src/core/b.c': long_function + long_function.replace('f', 'g'),
                                    'tools/tidy-exceptions.txt': entry})
        self.assertEqual([v[2] for v in found], ['function-length'])

    def test_an_exception_that_nothing_needs_is_an_error(self):
        self.assert_caught('exceptions', 'tools/tidy-exceptions.txt',
                           '# why\n\nfile-length src/core/a.c  it was long\n', 3)

    def test_an_exception_without_a_reason_is_an_error(self):
        found, _ = self.violations({'src/core/b.c': 'int x; // one\n',
                                    'tools/tidy-exceptions.txt': 'line-comment src/core/b.c\n'})
        self.assertEqual([v[3] for v in found], ['gives no reason'])


if __name__ == '__main__':
    unittest.main()
