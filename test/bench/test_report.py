#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the tables say of figures: who is first, by how much, and who is absent."""

import unittest

from made_up import series
import tap
import report

YIELD = {'bide': [20, 24], 'bide-call': [1, 1], 'st': [50, 60], 'tokio': [40, 80], 'bare': [5, 6]}


def row_of(lines, name):
	"""The cells of the row that begins with a name."""
	rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
	return next(row for row in rows if row[0] == name)


class TableTest(unittest.TestCase):
	def test_ratios_are_by_minimum_and_by_median(self):
		lines = report.series_lines(series('yield', YIELD, param=2))
		self.assertEqual(row_of(lines, 'State Threads'),
		                 ['State Threads', '50.0', '55.0', '-', '0.40 / 0.40'])
		self.assertEqual(row_of(lines, 'tokio')[4], '0.50 / 0.37')

	def test_a_ratio_below_a_tenth_keeps_its_figures(self):
		lines = report.series_lines(series('yield', {'bide': [1], 'aio': [200]}))
		self.assertEqual(row_of(lines, 'asyncio')[4], '0.005 / 0.005')

	def test_spread_is_the_middle_half_by_the_median(self):
		lines = report.series_lines(series('yield', {'bide': [10, 20, 30, 40, 50]}))
		self.assertEqual(row_of(lines, 'bide')[3], '100%')

	def test_best_peer_and_floor_are_told_below(self):
		lines = report.series_lines(series('yield', YIELD, param=2))
		self.assertIn('bide / best peer (tokio): 0.50 / 0.40', lines)
		floor = next(line for line in lines if line.startswith('bide / floor'))
		self.assertTrue(floor.startswith('bide / floor (bare switch'))
		self.assertTrue(floor.endswith('): 4.00 / 4.00'))

	def test_who_is_absent_keeps_a_row(self):
		one = series('echo', {'bide': [1]}, absent={'st': 'too few'})
		self.assertEqual(row_of(report.series_lines(one), 'State Threads'),
		                 ['State Threads', 'absent', '-', '-', '-'])

	def test_nothing_but_absentees_is_shown(self):
		one = series('echo', {}, absent={'bide': 'it needs 2 CPUs'})
		self.assertEqual(row_of(report.series_lines(one), 'bide')[1], 'absent')
		self.assertEqual(report.summary_lines([one])[4].split('|')[2].strip(), 'not measured')

	def test_reasons_are_told_once(self):
		everything = [series('echo', {}, name=name, param=n, absent={'st': 'too few'})
		              for name in ('echo-64', 'echo-4096') for n in (1, 1000)]
		self.assertEqual(report.absent_lines(everything),
		                 ['absent from echo 1, 1,000: State Threads: too few'])


class SummaryTest(unittest.TestCase):
	def summary(self, *everything):
		return row_of(report.summary_lines(everything), report.title(everything[0]))

	def test_a_row_says_all(self):
		row = self.summary(series('yield', YIELD, param=2))
		self.assertEqual(row[1:4], ['20.0 / 22.0', 'tokio 40.0', '0.50 / 0.40'])
		self.assertTrue(row[4].startswith('bare switch') and row[4].endswith(' 5.0'))
		self.assertEqual(row[5:], ['4.00 / 4.00', 'yes', '19.0: no'])

	def test_first_is_who_needs_least(self):
		def first(bide, peer):
			return series('select', {'bide': bide, 'bare': [1, 1], 'go': peer}).is_first()

		self.assertEqual(first([3, 5], [4, 6]), 'yes')
		self.assertEqual(first([3, 9], [4, 6]), 'at best')
		self.assertEqual(first([5, 5], [4, 6]), 'at best')
		self.assertEqual(first([9, 9], [4, 6]), 'no')

	def test_variants_and_floors_are_no_rivals(self):
		one = series('wake', {'bide': [9], 'bide-uring': [1], 'eventfd': [2], 'bare-x': [3]})
		self.assertEqual((one.rivals(), one.is_first()), ([], None))
		self.assertEqual(one.floors(), ['eventfd', 'bare-x'])
		self.assertEqual(one.best(one.floors()), 'eventfd')

	def test_nothing_is_divided_by_zero(self):
		self.assertIsNone(series('yield', {'bide': [1], 'go': [0]}).ratios(['go']))

	def test_an_aim_may_be_a_multiple_of_another_program(self):
		wake = series('wake', {'bide': [105, 115], 'eventfd': [100, 100]})
		self.assertEqual(self.summary(wake)[7], '110.0: yes')
		self.assertEqual(self.summary(series('wake', {'bide': [105, 125], 'eventfd': [100]}))[7],
		                 '110.0: at best')
		self.assertEqual(self.summary(series('wake', {'bide': [105]}))[7], '-')
		on_two = series('threads', {'bide': [60]}, param=2)
		self.assertEqual(self.summary(on_two, series('threads', {'bide': [95]}))[7], '50.0: no')

	def test_a_series_without_bide_has_no_row(self):
		self.assertEqual(report.summary_lines([series('floor', {'clock': [22]})]), [])


if __name__ == '__main__':
	tap.main()
