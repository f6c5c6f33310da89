# SPDX-License-Identifier: MIT

"""
results.py - keeps figures in a file

JSON: "machine", "compilers" and "packages" say what all of it was measured with,
"series" has an entry for each series and parameter: the values of every peer,
what follows from them, who is absent and why; and when, with which bide and with
which options it was measured. So parts can be measured again by themselves.
"""

import json
import re
import statistics

from figures import Series, spread

FORMAT = 1
SAME = ('machine', 'compilers')         # figures are compared only where these are the same


class Refused(Exception):
	"""A file whose figures cannot stand beside new ones, or that has none."""


def peer_entry(values):
	part = spread(values)
	values = [round(value, 4) for value in values]
	return {'values': values, 'minimum': min(values), 'median': round(statistics.median(values), 4),
	        'spread': part if part is None else round(part, 4)}


def series_entry(series):
	unit, of_what = series.unit()
	return {'workload': series.workload, 'series': series.name, 'param': series.param,
	        'unit': unit, 'of': of_what.strip(), **series.about,
	        'peers': {peer: peer_entry(values) for peer, values in series.values.items()},
	        'absent': series.absent}


def series_from(entry):
	about = {key: entry[key] for key in ('date', 'bide', 'options') if key in entry}
	values = {peer: figures['values'] for peer, figures in entry['peers'].items()}
	return Series(entry['workload'], entry['series'], entry['param'], values, entry['absent'],
	              about)


class Results:
	"""Series, and what they were measured with."""

	def __init__(self, tools, series=()):
		self.tools = tools              # machine, compilers, packages
		self.series = list(series)

	def has(self, workload, param):
		return any((series.workload, series.param) == (workload, param) for series in self.series)

	def replace(self, group):
		"""Puts in the series of a workload and a parameter, in place of those from before."""
		key = group[0].workload, group[0].param
		places = [i for i, series in enumerate(self.series)
		          if (series.workload, series.param) == key]
		kept = [series for series in self.series if (series.workload, series.param) != key]
		place = places[0] if places else len(kept)
		self.series = [*kept[:place], *group, *kept[place:]]

	def text(self):
		"""The file: lists of numbers on a line each, all else indented."""
		document = {'format': FORMAT, **self.tools, 'series': list(map(series_entry, self.series))}
		return re.sub(r'\[[\d\s,.e+-]*\]', lambda found: ' '.join(found[0].split()),
		              json.dumps(document, indent=1)) + '\n'

	def save(self, path):
		"""Writes the file at once or not at all."""
		path.parent.mkdir(parents=True, exist_ok=True)
		new = path.with_name(path.name + '.new')
		new.write_text(self.text())
		new.replace(path)


def load(path):
	"""What a file has; raises Refused."""
	try:
		document = json.loads(path.read_text())
		if document['format'] != FORMAT:
			raise Refused(f'{path} has format {document["format"]}, not {FORMAT}')
		tools = {key: document[key] for key in (*SAME, 'packages')}
		return Results(tools, map(series_from, document['series']))
	except (OSError, ValueError, LookupError, TypeError) as error:
		raise Refused(f'{path} has no figures: {error}') from error


def differences(old, new):
	"""What differs between the tools of two comparisons, a line each."""
	return [f'{what}: {name}: {old[what].get(name)}, now {new[what].get(name)}'
	        for what in SAME for name in {**old[what], **new[what]}
	        if old[what].get(name) != new[what].get(name)] + [
	        f'packages: {name}: {version}, now {new["packages"][name]}'
	        for name, version in old['packages'].items()
	        if new['packages'].get(name, version) != version]


def merge_into(path, tools, is_quick):
	"""What a file has, to add to it; raises Refused where its figures are of another kind."""
	if not path.exists():
		return Results(tools)
	old = load(path)
	found = differences(old.tools, tools)
	if any(series.about['options']['quick'] != is_quick for series in old.series):
		found.append('one of both is --quick')
	if found:
		raise Refused(f'{path} is of another machine or other tools:\n  ' + '\n  '.join(found))
	tools = {**tools, 'packages': {**old.tools['packages'], **tools['packages']}}
	return Results(tools, old.series)
