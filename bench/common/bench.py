# SPDX-License-Identifier: MIT

"""bench.h for Python: see there."""

import sys
import time


class Bench:
	def __init__(self, workload, ops_per_unit=1):
		if len(sys.argv) != 4:
			sys.exit('usage: PARAM REPETITIONS MILLISECONDS')
		self.workload = workload
		self.param, self.repetitions_left, ms = map(int, sys.argv[1:])
		self.duration = ms * 1000000
		self.ops_per_unit = ops_per_unit
		self.units = 0
		self.started = 0
		self.is_warm = False

	def calibrate(self, elapsed):
		factor = min(self.duration / (elapsed + 1), 10)
		self.is_warm = elapsed >= self.duration / 2
		self.units = max(int(self.units * factor), 1)

	def next(self):
		"""Ends the repetition that runs and begins the next: its units, 0 at the end."""
		elapsed = time.monotonic_ns() - self.started
		if self.units == 0:
			self.units = 1
		elif not self.is_warm:
			self.calibrate(elapsed)
		else:
			report(self.workload, self.param, elapsed / (self.units * self.ops_per_unit))
			self.repetitions_left -= 1
			if self.repetitions_left == 0:
				return 0
		self.started = time.monotonic_ns()
		return self.units


def report(workload, param, value):
	print(f'{workload} {param} {value:.2f}', flush=True)


def memory():
	"""The bytes that the process holds, its page tables included."""
	with open('/proc/self/status') as status:
		fields = [line.split() for line in status]
	return sum(int(f[1]) for f in fields if f[0] in ('VmRSS:', 'VmPTE:')) * 1024
