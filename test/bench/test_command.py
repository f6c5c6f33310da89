#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the command line chooses, and what is told while it runs."""

import io
import os
import pathlib
import signal
import sys
import tempfile
import types
import unittest
from unittest import mock

from made_up import TOOLS, series
import tap
import builder
import measure
import results
import run
import selection
from progress import Progress
from workloads import CHARTS, TITLES, WORKLOADS


class SelectionTest(unittest.TestCase):
	def test_no_name_is_everything(self):
		self.assertEqual(selection.select([], False),
		                 {name: params for name, (params, _) in WORKLOADS.items()})
		self.assertEqual(selection.select([], True)['sleepers'], WORKLOADS['sleepers'][1])

	def test_a_name_has_all_its_parameters_or_those_behind_it(self):
		self.assertEqual(selection.select(['echo:100', 'yield:100,2', 'lock'], False),
		                 {'echo': [100], 'yield': [100, 2], 'lock': [1, 1000]})
		self.assertEqual(selection.select(['echo:1', 'echo:100', 'echo:1'], False),
		                 {'echo': [1, 100]})

	def test_quick_can_have_the_others_by_number(self):
		self.assertEqual(selection.select(['cancel:100000'], True), {'cancel': [100000]})

	def test_errors_list_what_there_is(self):
		for name, told in (('yeild', 'threads'), ('lock:7', 'it has: 1, 1000'),
		                   ('lock:', 'it has: 1, 1000'), ('lock:1,x', 'it has: 1, 1000')):
			with self.assertRaisesRegex(selection.Unknown, told):
				selection.select([name], False)
		with self.assertRaisesRegex(selection.Unknown, 'aio-uvloop'):
			selection.peers('bide,python')
		self.assertEqual(selection.peers('bide,st'), ['bide', 'st'])

	def test_the_command_prints_them(self):
		for words, told in ((['yeild'], 'there is no workload "yeild"'),
		                    (['--merge', '--only', 'st'], 'without --only'),
		                    (['--cpu', '9999'], 'there is no CPU 9999; there are: '),
		                    (['--quick', '--publish'], 'not to be published'),
		                    (['--publish', 'yield'], 'only with --merge'),
		                    (['--publish', '--only', 'bide'], 'only with --merge')):
			with mock.patch('sys.argv', ['run.py', *words]), \
			     mock.patch('sys.stderr', io.StringIO()) as error:
				self.assertRaises(SystemExit, run.read_arguments)
			self.assertIn(told, error.getvalue())


class ChartsTest(unittest.TestCase):
	def test_every_workload_is_in_a_chart(self):
		series = {name for members in CHARTS.values() for name in members}
		missing = [workload for workload in WORKLOADS
		           if not any(f'{name}-'.startswith(f'{workload}-') for name in series)]
		self.assertEqual(missing, ['floor'])

	def test_every_title_can_have_a_parameter(self):
		for title in TITLES.values():
			self.assertNotIn('{', title.format(1000))


class ProgressTest(unittest.TestCase):
	def test_what_is_left_follows_the_pace(self):
		now = [0]
		progress = Progress(100, clock=lambda: now[0])
		self.assertEqual(progress.remaining(), 100)
		progress.begin('a')
		now[0] = 30
		progress.end(10)
		self.assertEqual(progress.remaining(), 270)
		progress.skip(50)
		self.assertEqual(progress.remaining(), 120)

	def test_only_a_terminal_is_told(self):
		for is_terminal, told in (True, 'echo; about 3 min left'), (False, ''):
			output = io.StringIO()
			output.isatty = lambda is_terminal=is_terminal: is_terminal
			Progress(180, output).begin('echo')
			self.assertEqual(output.getvalue().removeprefix('\r\033[K'), told)


class CompareTest(unittest.TestCase):
	"""The loop over workloads, with a program that only prints."""

	def setUp(self):
		folder = tempfile.TemporaryDirectory()
		self.addCleanup(folder.cleanup)
		self.folder = pathlib.Path(folder.name)
		self.options = types.SimpleNamespace(
			chosen={'yield': [2, 100], 'spawn': [1]}, peers=['bide', 'st', 'go'], rounds=2,
			repetitions=1, milliseconds=1, cpu=min(os.sched_getaffinity(0)), quick=False,
			build=self.folder, output=self.folder / 'out.json', bide={})
		self.kept, self.everything = results.Results(TOOLS), []

	def command(self, source):
		"""What stands for a peer's program."""
		if source.stem == 'go':
			raise builder.Absent('go is not installed')
		failure = 'sys.exit("no luck")' if source.stem == 'st' else '0'
		return [sys.executable, '-c',
		        f'import sys; {failure}; print("{source.parent.name}", sys.argv[1], 5)']

	def compare(self, command=None):
		with mock.patch.object(builder.Builder, 'command', lambda _, source:
		                       (command or self.command)(source)), \
		     mock.patch.object(builder, 'FILE_SIZE', 1), \
		     mock.patch('sys.stdout', io.StringIO()) as output:
			try:
				run.compare(self.options, self.kept, self.everything)
			finally:
				self.output = output.getvalue()

	def test_all_that_was_chosen_is_measured_and_kept(self):
		self.compare()
		kept = results.load(self.options.output).series
		self.assertEqual([(one.name, one.param) for one in kept],
		                 [('yield', 2), ('yield', 100), ('spawn', 1)])
		for one in kept:
			self.assertEqual(one.values, {'bide': [5, 5]})
			self.assertEqual(one.absent, {'st': 'ended with 1: no luck',
			                              'go': 'go is not installed'})
			self.assertEqual(one.about['options']['rounds'], 2)

	def test_a_program_that_does_not_end_makes_its_peer_absent(self):
		self.options.chosen = {'yield': [2]}
		with mock.patch.object(measure, 'TIME_LIMIT', 0.5):
			self.compare(lambda _: ['sleep', '60'])
		self.assertEqual(self.everything[0].absent['bide'], 'it took longer than 0.5 s')

	def compare_interrupted(self):
		"""An interruption in the second group, behind the turn of bide."""
		def command(source):
			if source.stem == 'bide' and source.parent.name == 'yield':
				return self.command(source)
			return [sys.executable, '-c', 'import os, signal, sys\n'
			        'if sys.argv[1] == "100": os.kill(os.getppid(), signal.SIGINT)\n'
			        'else: print("yield 2 7")']

		old = signal.signal(signal.SIGINT, signal.default_int_handler)
		self.addCleanup(signal.signal, signal.SIGINT, old)
		self.assertRaises(KeyboardInterrupt, self.compare, command)

	def test_what_was_measured_survives_an_interruption(self):
		self.compare_interrupted()
		kept = results.load(self.options.output).series
		self.assertEqual([(one.name, one.param) for one in kept], [('yield', 2), ('yield', 100)])
		self.assertEqual(kept[1].values, {'bide': [5]})
		self.assertEqual([one.about['options']['rounds'] for one in kept], [2, 0])
		self.assertEqual(kept[1].absent['go'], 'interrupted before its turn')
		self.assertIn('yield 100', self.output)

	def test_an_interrupted_group_replaces_no_older_figures(self):
		old = series('yield', {'bide': [1], 'st': [2]}, param=100)
		self.kept = results.Results(TOOLS, [series('yield', {'bide': [1]}, param=2), old])
		self.compare_interrupted()
		kept = results.load(self.options.output).series
		self.assertEqual([(one.param, one.values['bide']) for one in kept],
		                 [(2, [5, 5]), (100, [1])])
		self.assertEqual(kept[1], old)
		self.assertIn('yield 100', self.output)


if __name__ == '__main__':
	tap.main()
