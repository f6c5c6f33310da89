# SPDX-License-Identifier: MIT

"""
selection.py - what the words of the command line choose
"""

from workloads import PEERS, WORKLOADS


class Unknown(Exception):
	"""A name or a parameter that there is not, and what there is."""


def params_of(workload, words):
	"""The parameters that a list with commas names."""
	full, quick = WORKLOADS[workload]
	known = sorted({*full, *quick})
	for word in words.split(','):
		if word not in map(str, known):
			raise Unknown(f'{workload} has no parameter "{word}"; it has: '
			              f'{", ".join(map(str, known))}')
	return list(map(int, words.split(',')))


def select(names, is_quick):
	"""What names choose, everything where there is none: {workload: [param]}."""
	chosen = {}
	for name in names or WORKLOADS:
		workload, colon, words = name.partition(':')
		if workload not in WORKLOADS:
			raise Unknown(f'there is no workload "{workload}"; there are: '
			              f'{", ".join(WORKLOADS)}')
		params = params_of(workload, words) if colon else WORKLOADS[workload][is_quick]
		before = chosen.setdefault(workload, [])
		before += [param for param in params if param not in before]
	return chosen


def peers(words):
	"""The peers that a list with commas names, None where there is no list."""
	if not words:
		return None
	for word in words.split(','):
		if word not in PEERS:
			raise Unknown(f'there is no peer "{word}"; there are: {", ".join(PEERS)}')
	return words.split(',')
