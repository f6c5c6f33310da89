#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the charts show of figures. Skipped where matplotlib is missing."""

import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from xml.etree import ElementTree

from made_up import BENCH, comparison, series
import tap
from builder import system_python

SVG = '{http://www.w3.org/2000/svg}'


class ChartsTest(unittest.TestCase):
	def draw(self, *everything):
		"""The charts by name, as text."""
		return {name: charts.svg(figure)
		        for name, figure in charts.charts(comparison(*everything)).items()}

	def texts(self, chart):
		return [''.join(each.itertext()) for each in ElementTree.fromstring(chart).iter(f'{SVG}text')]

	def bar_lengths(self, chart):
		"""The lengths of the bars, from above."""
		return [float(right) - float(left) for left, right in re.findall(
			r'<path d="M (\S+) (?:\S+) L (\S+) [^"]*" style="fill: #(?:1f5fd0|b9bec6|9dbcf0)"', chart)]

	def test_a_series_is_in_the_chart_of_its_topic(self):
		drawn = self.draw(series('yield', {'bide': [1]}, param=2), series('idle', {'bide': [1]}),
		                  series('sleepers', {'bide': [1]}, name='sleepers-start'),
		                  series('floor', {'clock': [22]}),
		                  series('growth', {'bide': [1]}, name='growth-spawn', param=10))
		self.assertEqual(set(drawn), {'tasks', 'memory', 'time', 'growth'})
		self.assertIn('one yield among 2 tasks, ns', self.texts(drawn['tasks']))

	def test_the_best_is_first_and_all_have_values_and_units(self):
		drawn = self.draw(series('select', {'go': [70], 'bide': [35, 40], 'tokio': [52.5]}, param=4))
		texts = self.texts(drawn['synchronisation'])
		self.assertEqual(texts[:6], ['35.0 ns', 'bide', '52.5 ns', 'tokio', '70.0 ns', 'Go'])
		lengths = self.bar_lengths(drawn['synchronisation'])
		self.assertAlmostEqual(lengths[0] / lengths[2], 0.5, places=2)
		self.assertAlmostEqual(lengths[1] / lengths[2], 0.75, places=2)

	def test_what_leaves_the_axis_is_cut_and_keeps_its_value(self):
		drawn = self.draw(series('yield', {'bide': [20], 'go': [100], 'aio': [2000]}, param=2))
		self.assertIn('2,000 ns', self.texts(drawn['tasks']))
		lengths = self.bar_lengths(drawn['tasks'])
		self.assertEqual(lengths[1], lengths[2])
		self.assertAlmostEqual(lengths[0] / lengths[1], 0.2, places=2)
		self.assertEqual(drawn['tasks'].count('stroke: #ffffff'), 2)

	def test_a_low_floor_cuts_no_bar(self):
		drawn = self.draw(series('queue', {'bare': [1], 'bide': [20], 'go': [100]}))
		self.assertTrue(any(text.startswith('bare switch') and text.endswith(' 1.0 ns')
		                    for text in self.texts(drawn['synchronisation'])))
		self.assertEqual(len(self.bar_lengths(drawn['synchronisation'])), 2)
		self.assertIn('stroke-dasharray', drawn['synchronisation'])
		self.assertNotIn('stroke: #ffffff', drawn['synchronisation'])

	def test_who_is_absent_has_a_row(self):
		drawn = self.draw(series('hello', {'bide': [1]}, absent={'nginx': 'not there'}, param=100))
		texts = self.texts(drawn['io'])
		self.assertEqual(texts[2:4], ['nginx', 'absent'])

	def test_odd_values_do_no_harm(self):
		drawn = self.draw(series('sleepers', {'bide': [-3], 'go': [0]}, name='sleepers-over'),
		                  series('wake', {'eventfd': [1]}),
		                  series('yield', {}, absent={'bide': 'no memory'}))
		self.assertEqual(set(drawn), {'time'})
		self.assertEqual(self.texts(drawn['time'])[:2], ['-3.0 ns', 'bide'])

	def test_lines_have_a_point_for_each_parameter(self):
		drawn = self.draw(*(series('growth', {'bide': [n ** 0.1], 'go': [2 * n ** 0.1]}, param=n,
		                           name='growth-wake') for n in (10, 1000, 100)))
		line = re.search(r'd="([^"]*)"[^>]*stroke: #1f5fd0; stroke-width: 2.4', drawn['growth'])
		x = [float(place) for place in re.findall(r'[ML] (\S+)', line[1])]
		self.assertEqual((len(x), x), (3, sorted(x)))
		self.assertIn('live tasks', self.texts(drawn['growth']))

	def test_the_same_figures_give_the_same_bytes(self):
		everything = [series('yield', {'bide': [1.234], 'go': [5.678]}, param=2),
		              series('growth', {'bide': [1]}, name='growth-wake', param=10)]
		first, second = self.draw(*everything), self.draw(*everything)
		self.assertEqual(first, second)
		self.assertNotRegex(first['tasks'], r'="[^"]*\d\.\d{3}')

	def test_the_caption_tells_machine_compilers_and_date(self):
		one = series('yield', {'bide': [1]}, param=2)
		caption = 'Abacus, 2 CPUs, Linux 6.1; gcc 12.2.0, go 1.19.8; 2026-01-02'
		self.assertIn(caption, self.texts(self.draw(one)['tasks']))
		one.about['options']['quick'] = True
		self.assertIn(caption + ' - not a measurement: --quick', self.texts(self.draw(one)['tasks']))


class CommandTest(unittest.TestCase):
	def setUp(self):
		folder = tempfile.TemporaryDirectory()
		self.addCleanup(folder.cleanup)
		self.folder = pathlib.Path(folder.name)
		self.figures = self.folder / 'results.json'

	def command(self, *arguments):
		return subprocess.run([sys.executable, BENCH / 'charts.py', *arguments], text=True,
		                      capture_output=True, env=dict(os.environ, MPLCONFIGDIR=self.folder))

	def test_the_charts_are_beside_the_figures_and_no_older_ones(self):
		(self.folder / 'io.svg').touch()
		comparison(series('yield', {'bide': [1]}, param=2)).save(self.figures)
		done = self.command(self.figures)
		self.assertEqual(done.returncode, 0, done.stderr)
		self.assertEqual([path.name for path in self.folder.glob('*.svg')], ['tasks.svg'])

	def test_what_is_no_file_of_figures_is_refused(self):
		done = self.command(self.figures)
		self.assertEqual(done.returncode, 1)
		self.assertRegex(done.stderr, r'^charts.py: .*results.json has no figures')


def main():
	if importlib.util.find_spec('matplotlib'):
		global charts
		import charts
		tap.main()
	elif sys.executable != system_python():
		os.execv(system_python(), [system_python(), *sys.argv])
	else:
		print('TAP version 13\n1..0 # SKIP matplotlib is not there (python3-matplotlib)')


if __name__ == '__main__':
	main()
