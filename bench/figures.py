# SPDX-License-Identifier: MIT

"""
figures.py - what was measured, and who is how far ahead in it

A series holds the values of all peers for one parameter. Less is better in each.
A variant of bide's is nobody's rival and not bide; a floor is nobody's rival
either: it is what the machine asks for whoever calls.
"""

import dataclasses
import statistics

from workloads import FLOORS, NAMES, PEERS, UNITS


def name_of(workload, peer):
	"""What the tables call a peer; some have a name of their own in a workload."""
	return NAMES.get((workload, peer), PEERS.get(peer, peer))


def is_bide(peer):
	"""Whether that is bide or a variant of it."""
	return peer.split('-')[0] == 'bide'


def is_floor(peer):
	"""Whether that is a bare program."""
	return peer in FLOORS or peer.split('-')[0] == 'bare'


def spread(values):
	"""The middle half of the values as a part of their median, None where there are too few."""
	median = statistics.median(values)
	if len(values) < 4 or median == 0:
		return None
	low, _, high = statistics.quantiles(values, n=4)
	return (high - low) / abs(median)


@dataclasses.dataclass
class Series:
	"""The values of all peers of a workload for one parameter, and who has none, and why."""
	workload: str
	name: str
	param: int
	values: dict = dataclasses.field(default_factory=dict)
	absent: dict = dataclasses.field(default_factory=dict)
	about: dict = dataclasses.field(default_factory=dict)   # when and how it was measured

	def unit(self):
		"""The unit, and of what."""
		return UNITS.get(self.name, ('ns', ''))

	def minimum(self, peer):
		return min(self.values[peer])

	def median(self, peer):
		return statistics.median(self.values[peer])

	def rivals(self):
		"""The peers that bide is compared with."""
		return [peer for peer in self.values if not is_bide(peer) and not is_floor(peer)]

	def floors(self):
		return [peer for peer in self.values if is_floor(peer)]

	def best(self, peers):
		"""The one with the least minimum, None where there is none."""
		return min(peers, key=self.minimum, default=None)

	def ratios(self, peers):
		"""bide's minimum by the least one of the peers', and median by median, or None."""
		if 'bide' not in self.values or not peers:
			return None
		others = min(map(self.minimum, peers)), min(map(self.median, peers))
		if min(others) <= 0:
			return None
		return self.minimum('bide') / others[0], self.median('bide') / others[1]

	def is_first(self):
		"""Whether no rival needs less: 'yes', 'at best' by one of the two figures, or 'no'."""
		ratios = self.ratios(self.rivals())
		if ratios is None:
			return None
		return ('no', 'at best', 'yes')[sum(ratio <= 1 for ratio in ratios)]
