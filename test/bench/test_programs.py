#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bide's own programs of every workload, and the bare ones, run and print what they should.

usage: test_programs.py BUILD_DIR [ARGUMENT of the compiler]...

They are linked with the library of that build.
"""

import os
import pathlib
import sys
import tempfile
import types
import unittest

from made_up import BENCH
import tap
import measure
from builder import Absent, Builder
from figures import is_bide, is_floor
from workloads import CHARTS, SERVERS, WORKLOADS

BUILD_DIR, COMPILER_ARGUMENTS = sys.argv[1], sys.argv[2:]

# Not every machine has these; all else has to be there.
MISSING = ('it needs 2 CPUs', 'descriptors, and', 'wrk is not installed', 'http_parser.h',
           'io_uring cannot be had', 'only for x86-64 and aarch64')


class ProgramsTest(unittest.TestCase):
	@classmethod
	def setUpClass(cls):
		cls.folder = tempfile.TemporaryDirectory()
		cls.addClassCleanup(cls.folder.cleanup)
		cls.builder = Builder(pathlib.Path(cls.folder.name))
		cls.builder.done['bide'] = [*cls.builder.linked_with(BUILD_DIR), *COMPILER_ARGUMENTS]
		cls.options = types.SimpleNamespace(repetitions=1, milliseconds=1, quick=True, rounds=1,
		                                    cpu=max(os.sched_getaffinity(0)))

	def run_peer(self, group, peer, command):
		"""Runs one of a workload's programs and looks at what it printed."""
		try:
			rows = measure.run_once(group, command, self.options, self.builder)
		except Absent as why:
			if any(text in str(why) for text in MISSING):
				self.skipTest(f'{group.workload} {group.param}: {why}')
			raise
		self.assertNotEqual(rows, [])
		for name, param, value in rows:
			self.assertTrue(f'{name}-'.startswith(f'{group.workload}-'), name)
			self.assertEqual(param, group.param)
			# A bare program may have all its memory beforehand.
			if is_bide(peer) and not name.endswith('-over'):
				self.assertGreater(value, 0)
		return {name for name, _, _ in rows}

	def run_workload(self, workload):
		own = [path.stem for path in measure.peers_of(workload)
		       if path.suffix == '.c' and (is_bide(path.stem) or is_floor(path.stem))]
		own += ['bide-uring'] if workload in SERVERS else []
		commands, absent = measure.commands_of(workload, self.builder, own)
		found = set()
		for param in WORKLOADS[workload][1]:
			for peer in own:
				with self.subTest(workload=workload, param=param, peer=peer):
					if peer in absent and any(text in absent[peer] for text in MISSING):
						self.skipTest(absent[peer])
					self.assertNotIn(peer, absent)
					found |= self.run_peer(measure.Group(workload, param, {}), peer,
					                       commands[peer])
		return found

	def test_every_workload(self):
		shown = {name for members in CHARTS.values() for name in members} | {'floor'}
		for workload in WORKLOADS:
			for name in self.run_workload(workload):
				self.assertIn(name, shown)

	def test_a_workload_is_a_folder_with_a_program_of_bides(self):
		folders = {path.parent.name for path in BENCH.glob('*/bide.c')}
		self.assertEqual({SERVERS.get(name, name) for name in WORKLOADS} - {'floor'}, folders)


if __name__ == '__main__':
	tap.main(sys.argv[:1])
