# SPDX-License-Identifier: MIT
"""Runs a unittest so that each of its cases is counted, and each part of a case."""

import sys
import traceback
import unittest


class Result(unittest.TestResult):
	"""Prints a point for each case."""

	def __init__(self):
		super().__init__()
		self.points = 0

	def point(self, test, is_good, note=''):
		self.points += 1
		name = str(test).replace('#', '')
		print(f'{"ok" if is_good else "not ok"} {self.points} - {name}{note}', flush=True)

	def bad_point(self, test, error):
		self.point(test, False)
		traceback.print_exception(*error, file=sys.stderr)

	def addSuccess(self, test):
		self.point(test, True)

	def addFailure(self, test, error):
		super().addFailure(test, error)
		self.bad_point(test, error)

	def addError(self, test, error):
		super().addError(test, error)
		self.bad_point(test, error)

	def addSkip(self, test, reason):
		self.point(test, True, f' # SKIP {reason}')

	def addSubTest(self, test, part, error):
		super().addSubTest(test, part, error)
		if error is None:
			self.point(part, True)
		else:
			self.bad_point(part, error)


class Runner:
	"""What unittest.main() asks to run its tests."""

	def run(self, tests):
		print('TAP version 13')
		result = Result()
		tests(result)
		print(f'1..{result.points}')
		return result


def main(arguments=None):
	"""Runs the tests of the program that calls this, or those that the arguments name."""
	unittest.main('__main__', argv=sys.argv if arguments is None else arguments,
	              testRunner=Runner())
