# SPDX-License-Identifier: MIT

"""
report.py - prints figures as tables
"""

import statistics

from figures import name_of, spread
from workloads import AIMS, Times


def number(value, unit='ns'):
	"""A value as the tables have it."""
	if value >= 1000:
		return f'{value:,.0f}'
	return f'{value:.2f}' if unit == 'us' else f'{value:.1f}'


def percent(part):
	return '-' if part is None else f'{100 * part:.0f}%'


def ratio(ratios):
	"""Two ratios, by minimum and by median, as one cell."""
	if ratios is None:
		return '-'
	return ' / '.join(f'{each:.2f}' if each >= 0.1 else f'{each:.3f}' for each in ratios)


def title(series):
	"""What a series is: its name, its parameter, and of what its figures are."""
	return f'{series.name} {series.param:,} ({"".join(series.unit())})'


def table(head, rows):
	"""The lines of a table, the first column to the left and the others to the right."""
	widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
	lines = []
	for i, row in enumerate([head, ['-' * width for width in widths], *rows]):
		cells = [cell.ljust(width) if n == 0 or i == 1 else cell.rjust(width)
		         for n, (cell, width) in enumerate(zip(row, widths))]
		lines.append('| ' + ' | '.join(cells) + ' |')
	return lines


def versus(series, what, peers):
	"""A line about bide and the best of some others, none where there are none."""
	best, ratios = series.best(peers), series.ratios(peers)
	if best is None or ratios is None:
		return []
	return [f'bide / {what} ({name_of(series.workload, best)}): {ratio(ratios)}']


def series_lines(series):
	"""The lines that show a series: a row for each peer, those that are absent among them."""
	unit = series.unit()[0]
	rows = [[name_of(series.workload, peer), number(min(values), unit),
	         number(statistics.median(values), unit), percent(spread(values)),
	         ratio(series.ratios([peer]))]
	        for peer, values in series.values.items()]
	rows += [[name_of(series.workload, peer), 'absent', '-', '-', '-']
	         for peer in series.absent if peer not in series.values]
	return [title(series), '',
	        *table(['peer', 'minimum', 'median', 'spread', 'bide / it'], rows),
	        *versus(series, 'best peer', series.rivals()),
	        *versus(series, 'floor', series.floors()), '']


def aim_of(series, everything):
	"""What minimum and median are to reach, None where there is no aim or it was not measured."""
	aim = AIMS.get((series.name, series.param))
	if not isinstance(aim, Times):
		return aim and (aim, aim)
	for other in everything:
		if (other.name, other.param) == (aim.series, aim.param) and aim.peer in other.values:
			return aim.factor * other.minimum(aim.peer), aim.factor * other.median(aim.peer)
	return None


def verdict(values, aim):
	"""Whether bide's values reach an aim."""
	if statistics.median(values) <= aim[1]:
		return 'yes'
	return 'at best' if min(values) <= aim[0] else 'no'


def summary_row(series, everything):
	unit = series.unit()[0]
	values = series.values.get('bide')
	row = [title(series), f'{number(min(values), unit)} / '
	       f'{number(statistics.median(values), unit)}' if values else 'not measured']
	for peers in series.rivals(), series.floors():
		best = series.best(peers)
		row.append(f'{name_of(series.workload, best)} {number(series.minimum(best), unit)}'
		           if best else '-')
		row.append(ratio(series.ratios(peers)))
	aim = aim_of(series, everything)
	return [*row, series.is_first() or '-',
	        f'{number(aim[0], unit)}: {verdict(values, aim)}' if aim and values else '-']


def summary_lines(everything):
	"""The lines of the summary: a row for each series that bide is in."""
	rows = [summary_row(series, everything) for series in everything
	        if 'bide' in series.values or 'bide' in series.absent]
	if not rows:
		return []
	return ['Summary', '', *table(['what', 'bide min / median', 'best peer', 'ratio', 'floor',
	                               'ratio', 'first?', 'aim'], rows), '']


def absent_lines(everything):
	"""A line for each peer and reason: what it is absent from, and why."""
	places = {}
	for series in everything:
		for peer, why in series.absent.items():
			where = places.setdefault((series.workload, peer, why), [])
			if series.param not in where:
				where.append(series.param)
	return [f'absent from {workload} {", ".join(f"{param:,}" for param in params)}: '
	        f'{name_of(workload, peer)}: {why}'
	        for (workload, peer, why), params in places.items()]
