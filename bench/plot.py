# SPDX-License-Identifier: MIT

"""
plot.py - draws panels of bars, and of lines, with matplotlib

Sizes are in points. A figure is as wide as a page of text.
"""

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from figures import is_bide, name_of
from report import number
from workloads import TITLES

WIDTH, MARGIN = 640, 10
COLUMNS = 2
NAMES_WIDTH, VALUES_WIDTH = 118, 58     # to the left and to the right of the bars
TITLE, ROW, GAP = 26, 13, 12            # heights: of a title, of a bar, between panels
FOOT = 34                               # of the lines below all panels
LINES_HEIGHT = 190                      # of a panel of lines

# A bar of more than so many times the shortest one leaves the axis.
CUT = 10

STRONG, VARIANT, GREY, DARK, PALE = '#1f5fd0', '#9dbcf0', '#b9bec6', '#3c434d', '#8a919c'
PEERS = ('#c2571a', '#2e8b57', '#8e5ba6', '#b08d00', '#6b7280', '#c23b6b')
MARKS = 'sD^vPX'
# Around text that a line may run through.
HALO = {'facecolor': 'white', 'edgecolor': 'none', 'pad': 0.6}

matplotlib.rcParams.update({
	'font.family': 'sans-serif',
	# Both are as wide as each other, so that text fits where either is there.
	'font.sans-serif': ['DejaVu Sans', 'Verdana', 'sans-serif'],
	'font.size': 8,
	'svg.fonttype': 'none',
	'svg.hashsalt': 'bide',
	'text.color': DARK,
})


def title_of(series):
	"""What a chart says above a panel."""
	return TITLES.get(series.name, f'{series.name} {{:,}}').format(series.param)


def unit_of(series):
	"""The unit as it is printed, and of what."""
	unit, of_what = series.unit()
	return 'µs' if unit == 'us' else unit, of_what


def value_text(series, peer):
	return f'{number(series.minimum(peer), series.unit()[0])} {unit_of(series)[0]}'


def write(axes, text, place, offset, **look):
	"""Writes beside a place of the data, also outside of the axes."""
	axes.annotate(text, place, offset, **{
		'textcoords': 'offset points', 'va': 'center', 'fontsize': 7.5, 'zorder': 4,
		'annotation_clip': False, **look})


def axis_limit(values):
	"""Where the axis ends: at the longest bar of those that are not cut."""
	shortest = min((value for value in values if value > 0), default=1)
	return max(shortest, *(value for value in values if value <= CUT * shortest))


def colour_of(peer):
	if peer == 'bide':
		return STRONG
	return VARIANT if is_bide(peer) else GREY


def new_figure(height):
	return Figure(figsize=(WIDTH / 72, height / 72), facecolor='white')


def axes_at(figure, left, top, width, height):
	"""Axes at a place that is given from the upper left corner."""
	whole = figure.get_figheight() * 72
	return figure.add_axes((left / WIDTH, 1 - (top + height) / whole, width / WIDTH,
	                        height / whole))


def foot(figure, lines):
	"""Small text below all panels."""
	whole = figure.get_figheight() * 72
	for i, line in enumerate(reversed(lines)):
		figure.text(MARGIN / WIDTH, (8 + 11 * i) / whole, line, fontsize=6.5, color=PALE)


def draw_bar(axes, row, series, peer, limit):
	"""A bar, its name and its value; a cut one is marked where it leaves the axis."""
	value, median = series.minimum(peer), series.median(peer)
	weight = 'bold' if peer == 'bide' else 'normal'
	axes.barh(row, max(0, min(value, limit)), height=0.72, color=colour_of(peer), clip_on=False)
	if value > limit:
		for x in 0.9, 0.93:
			axes.plot([x * limit, (x + 0.02) * limit], [row + 0.45, row - 0.45], color='white',
			          linewidth=1.5, clip_on=False)
	else:
		axes.plot([value, min(median, limit)], [row, row], color=DARK, linewidth=0.7,
		          clip_on=False)
	write(axes, value_text(series, peer), (max(min(value, limit), min(median, limit)), row), (3, 0),
	      weight=weight, bbox=HALO)
	write_name(axes, row, series, peer, STRONG if peer == 'bide' else DARK)


def write_name(axes, row, series, peer, colour):
	"""What stands to the left of a row."""
	write(axes, name_of(series.workload, peer), (0, row), (-5, 0), ha='right', color=colour,
	      weight='bold' if peer == 'bide' else 'normal')


def draw_floor(axes, series, limit):
	"""The bare program's value as a dashed line through all bars."""
	floor = series.best(series.floors())
	if floor is None:
		return
	value = series.minimum(floor)
	x = min(value, limit)
	is_left = x < limit / 2
	text = f'{name_of(series.workload, floor)} {value_text(series, floor)}'
	axes.axvline(x, color=DARK, linewidth=0.8, dashes=(3, 2), clip_on=False)
	write(axes, text if value <= limit else f'{text}, off the axis', (x, 1),
	      (2 if is_left else -2, 1), xycoords=('data', 'axes fraction'),
	      ha='left' if is_left else 'right', va='bottom', fontsize=6.5, color=PALE)


def rows_of(series):
	"""Who has a row: the best first, and last who is absent."""
	measured = sorted((peer for peer in series.values if peer not in series.floors()),
	                  key=series.minimum)
	return measured, [peer for peer in series.absent if peer not in series.values]


def draw_bars(figure, series, left, top):
	"""A panel of bars."""
	measured, absent = rows_of(series)
	count = len(measured) + len(absent)
	axes = axes_at(figure, left + NAMES_WIDTH, top + TITLE,
	               WIDTH / COLUMNS - MARGIN - NAMES_WIDTH - VALUES_WIDTH, ROW * count)
	axes.set_axis_off()
	limit = axis_limit([series.minimum(peer) for peer in measured])
	axes.set_xlim(0, limit)
	axes.set_ylim(count - 0.5, -0.5)
	for row, peer in enumerate(measured):
		draw_bar(axes, row, series, peer, limit)
	for row, peer in enumerate(absent, len(measured)):
		write_name(axes, row, series, peer, PALE)
		write(axes, 'absent', (0, row), (3, 0), style='italic', color=PALE, bbox=HALO)
	axes.axvline(0, color=DARK, linewidth=0.8, clip_on=False)
	draw_floor(axes, series, limit)
	write(axes, f'{title_of(series)}, {"".join(unit_of(series))}', (0, 1),
	      (MARGIN - NAMES_WIDTH, TITLE - 10), xycoords='axes fraction', weight='bold', fontsize=8)


def bars(everything, lines):
	"""A figure of bar charts in columns, a panel for each series."""
	rows = [everything[i:i + COLUMNS] for i in range(0, len(everything), COLUMNS)]
	heights = [TITLE + GAP + ROW * max(sum(map(len, rows_of(series))) for series in row)
	           for row in rows]
	figure = new_figure(sum(heights) + FOOT)
	top = 0
	for row, height in zip(rows, heights):
		for column, series in enumerate(row):
			draw_bars(figure, series, column * WIDTH / COLUMNS, top)
		top += height
	foot(figure, lines)
	return figure


def short(count):
	"""A number of tasks in few letters."""
	for factor, letter in (1000000, 'M'), (1000, 'k'):
		if count >= factor:
			return f'{count / factor:g}{letter}'
	return f'{count:g}'


def draw_lines(figure, name, everything, peers, place):
	"""A panel of lines, one for each peer; everything is its series by parameter."""
	left, top = place
	axes = axes_at(figure, left + 44, top + TITLE, WIDTH / COLUMNS - 44 - 2 * MARGIN,
	               LINES_HEIGHT - TITLE - 30)
	axes.set_xscale('log')
	axes.set_yscale('log')
	for i, peer in enumerate(peers):
		points = [(series.param, series.minimum(peer)) for series in everything
		          if peer in series.values]
		if points:
			is_main = peer == 'bide'
			axes.plot(*zip(*points), label=name_of('growth', peer), zorder=3 if is_main else 2,
			          color=STRONG if is_main else PEERS[i % len(PEERS)],
			          marker='o' if is_main else MARKS[i % len(MARKS)],
			          markersize=4 if is_main else 3, linewidth=2.4 if is_main else 1)
	axes.set_title(f'{TITLES.get(name, name)}, ns', loc='left', weight='bold', fontsize=8)
	axes.set_xlabel('live tasks', fontsize=7)
	axes.grid(True, which='major', color='#e4e7eb', linewidth=0.6)
	axes.tick_params(labelsize=7, color=GREY, labelcolor=DARK)
	for side, spine in axes.spines.items():
		spine.set_visible(side in ('left', 'bottom'))
		spine.set_color(GREY)
	axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=20))
	axes.xaxis.set_major_formatter(lambda value, _: short(value))
	axes.yaxis.set_major_formatter(lambda value, _: f'{value:,.0f}' if value >= 1 else f'{value:g}')
	axes.minorticks_off()
	return axes


def growth(everything, lines):
	"""A figure of line charts in columns, a panel for each name; everything is by parameter."""
	names = list(dict.fromkeys(series.name for series in everything))
	peers = list(dict.fromkeys(peer for series in everything for peer in series.values))
	rows = (len(names) + COLUMNS - 1) // COLUMNS
	figure = new_figure(rows * LINES_HEIGHT + FOOT + 16)
	shown = {}
	for i, name in enumerate(names):
		axes = draw_lines(figure, name, [series for series in everything if series.name == name],
		                  peers, (i % COLUMNS * WIDTH / COLUMNS, i // COLUMNS * LINES_HEIGHT))
		for line, text in zip(*axes.get_legend_handles_labels()):
			shown.setdefault(text, line)
	figure.legend(shown.values(), shown, loc='lower center', ncol=8, frameon=False, fontsize=7.5,
	              bbox_to_anchor=(0.5, (FOOT - 6) / (figure.get_figheight() * 72)))
	foot(figure, lines)
	return figure
