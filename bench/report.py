# SPDX-License-Identifier: MIT

"""
report.py - prints figures as tables
"""

import statistics

from workloads import AIMS, FLOORS, NAMES, PEERS, RIVALS, UNITS, Times


def number(value, unit='ns'):
	if value >= 1000:
		return f'{value:,.0f}'
	return f'{value:.2f}' if unit == 'us' else f'{value:.1f}'


def unit_of(series):
	"""The unit, and of what."""
	return UNITS.get(series, ('ns', ''))


def name_of(series, peer):
	return NAMES.get((series, peer), PEERS.get(peer, peer))


def rivals(by_peer):
	return {peer: values for peer, values in by_peer.items()
	        if not peer.startswith('bide') and peer not in FLOORS}


def spread(values):
	"""The middle half of the values, as a part of their median."""
	if len(values) < 4 or statistics.median(values) == 0:
		return '-'
	low, _, high = statistics.quantiles(values, n=4)
	return f'{100 * (high - low) / abs(statistics.median(values)):.0f}%'


def ratio(bide, peer):
	return f'{bide / peer:.2f}' if bide is not None and peer > 0 else '-'


def table(head, rows):
	"""Prints rows of strings, the first column to the left and the others to the right."""
	widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
	for i, row in enumerate([head, ['-' * width for width in widths], *rows]):
		cells = [cell.ljust(width) if n == 0 or i == 1 else cell.rjust(width)
		         for n, (cell, width) in enumerate(zip(row, widths))]
		print('| ' + ' | '.join(cells) + ' |')
	print()


def print_series(series, param, by_peer):
	unit, of_what = unit_of(series)
	bide = min(by_peer['bide']) if 'bide' in by_peer else None
	rows = [[name_of(series, peer), number(min(values), unit),
	         number(statistics.median(values), unit), spread(values), ratio(bide, min(values))]
	        for peer, values in by_peer.items()]
	print(f'{series} {param:,} ({unit}{of_what})\n')
	table(['peer', 'minimum', 'median', 'spread', 'bide is'], rows)


def aims_of(aim, figures):
	"""What minimum and median are to reach; None where that was not measured."""
	if not isinstance(aim, Times):
		return aim, aim
	by_peer = figures.get((aim.series, aim.param), {})
	values = by_peer.get(aim.peer)
	if aim.peer == RIVALS:
		values = min(rivals(by_peer).values(), key=min, default=None)
	return values and (aim.factor * min(values), aim.factor * statistics.median(values))


def verdict(values, aims):
	if statistics.median(values) <= aims[1]:
		return 'yes'
	return 'at best' if min(values) <= aims[0] else 'no'


def print_summary(figures):
	rows = []
	for what, series, param, aim, unit in AIMS:
		by_peer = figures.get((series, param), {})
		if not by_peer:
			continue
		values = by_peer.get('bide')
		aims = aims_of(aim, figures)
		others = {peer: min(v) for peer, v in rivals(by_peer).items()}
		best = min(others, key=others.get) if others else None
		rows.append([what, f'{number(aims[0], unit)} {unit}' if aims else '-',
		             f'{number(min(values), unit)} / '
		             f'{number(statistics.median(values), unit)}' if values
		             else 'not measured',
		             f'{PEERS.get(best, best)} {number(others[best], unit)}' if best else '-',
		             ratio(min(values), others[best]) if values and best else '-',
		             verdict(values, aims) if values and aims else '-'])
	if rows:
		print('Summary\n')
		table(['what', 'aim', 'bide min / median', 'best peer', 'ratio', 'met?'], rows)
