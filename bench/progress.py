# SPDX-License-Identifier: MIT

"""
progress.py - says on a terminal what runs and how long all of it will still take
"""

import sys
import time


class Progress:
	"""What was expected to take so long, and what it took, tells of what is left."""

	def __init__(self, expected, output=sys.stderr, clock=time.monotonic):
		self.left = expected            # seconds, as expected
		self.done = 0                   # the same
		self.took = 0                   # seconds that it did take
		self.output, self.clock = output, clock
		self.since = clock()

	def remaining(self):
		"""The seconds that are left, at the pace up to now."""
		return self.left * (self.took / self.done if self.done else 1)

	def begin(self, what):
		"""Shows what is done now."""
		self.since = self.clock()
		if not self.output.isatty():
			return
		seconds = self.remaining()
		left = f'{seconds / 60:.0f} min' if seconds >= 90 else f'{seconds:.0f} s'
		print(f'\r\033[K{what}; about {left} left', end='', file=self.output, flush=True)

	def end(self, expected):
		"""What was begun is done, and was expected to take so long."""
		self.took += self.clock() - self.since
		self.done += expected
		self.skip(expected)

	def skip(self, expected):
		"""So much is not to be done after all."""
		self.left = max(0, self.left - expected)

	def clear(self):
		"""Makes the line empty for what is printed next."""
		if self.output.isatty():
			print('\r\033[K', end='', file=self.output, flush=True)
