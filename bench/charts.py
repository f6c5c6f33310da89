#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""
charts.py - draws the charts of a file of figures

usage: charts.py FILE.json [DIR]

They are SVG, in DIR or beside the file. The same figures give the same bytes.
"""

import io
import re
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True
signal.signal(signal.SIGINT, signal.SIG_DFL)    # who interrupts needs no traceback

try:
	import plot
except ImportError:
	sys.exit('charts.py: no charts, as matplotlib is not there (python3-matplotlib)')
import machine
import results
from figures import is_floor
from workloads import CHARTS

BARS = ('Less is better. Bars begin at 0 and show the minimum of all repetitions, the thin line '
        'their median; slashed bars leave the axis. Dashed: a bare program, the floor.')
LINES = 'Less is better. Minimum of all repetitions; both axes are logarithmic.'


def chart_of(series):
	"""The chart that a series is in, None where there is none."""
	for name in series.name, series.workload:
		for chart, members in CHARTS.items():
			if name in members:
				return chart
	return None


def order_in(chart):
	"""How the panels of a chart are sorted: as its members, and by parameter."""
	members = CHARTS[chart]
	return lambda series: (members.index(series.name if series.name in members
	                                     else series.workload), series.name, series.param)


def versions(compilers):
	"""The compilers' names and numbers."""
	found = {name: re.search(r'(\d+\.)+\d+', text.replace('Debian ', ''))
	         for name, text in compilers.items() if name != 'g++'}
	return ', '.join(f'{name} {number[0]}' for name, number in found.items() if number)


def caption(kept, everything):
	"""Where and when that was measured, and with what."""
	dates = sorted({series.about['date'][:10] for series in everything})
	when = dates[0] if len(dates) == 1 else f'{dates[0]} to {dates[-1]}'
	quick = ' - not a measurement: --quick' if any(series.about['options']['quick']
	                                               for series in everything) else ''
	return (f'{machine.sentence(kept.tools["machine"])}; '
	        f'{versions(kept.tools["compilers"])}; {when}{quick}')


def shorten(tag):
	"""A tag of a drawing, without line breaks, hundredths of a point and turns by nothing."""
	tag = re.sub(r'-?\d+\.\d{2,}', lambda number: f'{float(number[0]):.1f}', tag[0])
	return re.sub(r' transform="rotate\(-0 [^"]*"', '', ' '.join(tag.split()))


def svg(figure):
	"""A figure as a file, without what says nothing and without what changes each time."""
	output = io.StringIO()
	figure.savefig(output, format='svg', metadata={'Date': None, 'Creator': None})
	text = re.sub(r'<!--.*?-->|<metadata>.*?</metadata>', '', output.getvalue(), flags=re.DOTALL)
	return re.sub(r'\n\s*', '\n', re.sub(r'<[^>]*>', shorten, text))


def charts(kept):
	"""The figures that have panels, by name: matplotlib's."""
	drawn = {}
	for chart in CHARTS:
		everything = [series for series in kept.series
		              if chart_of(series) == chart and not all(map(is_floor, series.values))]
		everything.sort(key=order_in(chart))
		if everything:
			draw = plot.growth if chart == 'growth' else plot.bars
			how = LINES if chart == 'growth' else BARS
			drawn[chart] = draw(everything, [how, caption(kept, everything)])
	return drawn


def main():
	if len(sys.argv) not in (2, 3):
		sys.exit('usage: charts.py FILE.json [DIR]')
	path = Path(sys.argv[1])
	folder = Path(sys.argv[2]) if len(sys.argv) == 3 else path.parent
	try:
		kept = results.load(path)
	except results.Refused as why:
		sys.exit(f'charts.py: {why}')
	drawn = charts(kept)
	folder.mkdir(parents=True, exist_ok=True)
	for chart in CHARTS:
		file = folder / f'{chart}.svg'
		# One of older figures would be taken for these.
		file.unlink(missing_ok=True)
		if chart in drawn:
			file.write_text(svg(drawn[chart]))
	print(f'The charts are in {folder}: {", ".join(drawn) or "none"}.')


if __name__ == '__main__':
	main()
