#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is kept of figures, and which may stand beside one another."""

import copy
import json
import pathlib
import tempfile
import unittest

from made_up import TOOLS, comparison, series
import tap
import results


def changed(what, name, value):
	"""The tools, one of them another."""
	tools = copy.deepcopy(TOOLS)
	tools[what][name] = value
	return tools


class ResultsTest(unittest.TestCase):
	def setUp(self):
		folder = tempfile.TemporaryDirectory()
		self.addCleanup(folder.cleanup)
		self.path = pathlib.Path(folder.name) / 'new' / 'results.json'

	def save(self, *everything):
		comparison(*everything).save(self.path)

	def merge(self, tools=TOOLS, is_quick=False):
		return results.merge_into(self.path, tools, is_quick)

	def refusal(self, **options):
		with self.assertRaises(results.Refused) as refused:
			self.merge(**options)
		return str(refused.exception)

	def test_a_file_has_all_of_it(self):
		self.save(series('idle', {'bide': [3, 1, 2, 4]}, absent={'st': 'too few'}))
		document = json.loads(self.path.read_text())
		self.assertEqual({key: document[key] for key in TOOLS}, TOOLS)
		entry = document['series'][0]
		self.assertEqual((entry['unit'], entry['of']), ('bytes', 'a connection'))
		self.assertEqual(entry['peers']['bide'],
		                 {'values': [3, 1, 2, 4], 'minimum': 1, 'median': 2.5, 'spread': 1})
		self.assertEqual((entry['absent'], entry['date']),
		                 ({'st': 'too few'}, '2026-01-02T03:04:05Z'))

	def test_what_was_saved_is_loaded(self):
		one = series('echo', {'bide': [1.25]}, name='echo-64', param=100, absent={'st': 'x [1]'})
		self.save(one)
		loaded = results.load(self.path)
		self.assertEqual((loaded.series, loaded.tools), ([one], TOOLS))

	def test_merging_replaces_what_ran_and_nothing_else(self):
		old = [series('yield', {'bide': [1]}, param=2), series('yield', {'bide': [2]}, param=100),
		       series('spawn', {'bide': [3]})]
		self.save(*old)
		new = series('yield', {'bide': [9]}, param=2)
		another = series('queue', {'bide': [5]})
		merged = self.merge()
		merged.replace([new])
		merged.replace([another])
		self.assertEqual(merged.series, [new, *old[1:], another])

	def test_merging_replaces_all_series_of_a_workload(self):
		names = 'sleepers', 'sleepers-start'
		self.save(*(series('sleepers', {'bide': [1], 'st': [1]}, name=name) for name in names))
		merged = self.merge()
		merged.replace([series('sleepers', {}, absent={'bide': 'no memory'})])
		self.assertEqual([one.name for one in merged.series], ['sleepers'])

	def test_merging_into_no_file_begins_one(self):
		self.assertEqual(self.merge().series, [])

	def test_another_machine_is_refused_by_name(self):
		self.save(series('yield', {'bide': [1]}))
		for tools in changed('machine', 'kernel', 'Linux 9'), changed('compilers', 'go', 'go 9'), \
		        changed('compilers', 'rustc', '1.63'), changed('packages', 'libst-dev', '2.0'):
			message = self.refusal(tools=tools)
			self.assertIn(str(self.path), message)
			self.assertRegex(message, r'kernel: Linux 6.1, now Linux 9|go: go version go1.19.8, now '
			                 r'go 9|rustc: None, now 1.63|libst-dev: 1.9-3, now 2.0')

	def test_a_package_more_is_no_other_machine(self):
		self.save(series('yield', {'bide': [1]}))
		merged = self.merge(tools=changed('packages', 'wrk', '4.1'))
		self.assertEqual(merged.tools['packages'], {'libst-dev': '1.9-3', 'wrk': '4.1'})

	def test_quick_figures_stay_among_themselves(self):
		self.save(series('yield', {'bide': [1]}))
		self.assertIn('--quick', self.refusal(is_quick=True))
		self.save(series('yield', {'bide': [1]}, quick=True))
		self.assertIn('--quick', self.refusal())
		self.assertEqual(len(self.merge(is_quick=True).series), 1)

	def test_what_is_no_file_of_figures_is_refused(self):
		self.path.parent.mkdir()
		for text in '', '[]', '{}', '{"format": 1}', '{"format": 1, "machine"':
			self.path.write_text(text)
			self.assertIn(f'{self.path} has no figures', self.refusal())

	def test_a_file_of_another_format_is_refused(self):
		self.save(series('yield', {'bide': [1]}))
		self.path.write_text(self.path.read_text().replace('"format": 1', '"format": 99'))
		self.assertIn('format 99, not 1', self.refusal())


if __name__ == '__main__':
	tap.main()
