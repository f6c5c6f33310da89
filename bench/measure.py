# SPDX-License-Identifier: MIT

"""
measure.py - runs the peers of a workload in turns

All are pinned to the same CPU and take turns (A B C A B C …), so that a slow
minute of the machine hits them alike. The parameter of a workload with several
threads says on how many CPUs they are.
"""

import os
import select
import subprocess
import time

import servers
from builder import HERE, Absent
from figures import Series
from workloads import (LEFT_OUT, PEERS, SECONDS, SERVERS, SINGLE, SINGLE_ROUNDS, SLEEP, SPLIT,
                       THREADED)

PATIENCE = 40                           # s that the rounds of a workload and a parameter take
TIME_LIMIT = 300                        # s that a program may take
LEAST_ROUNDS = 3                        # they are as many, however long they take


def peers_of(workload):
	"""The files of a workload, in the order of PEERS, unknown ones last."""
	folder = HERE / SERVERS.get(workload, workload)
	files = [path for path in folder.iterdir() if path.suffix in
	         ('.c', '.cpp', '.go', '.rs', '.py')]
	order = list(PEERS)
	return sorted(files, key=lambda path: (order.index(path.stem) if path.stem in order
	                                       else len(order), path.stem))


def commands_of(workload, builder, wanted):
	"""What runs each of the wanted peers, and why others cannot be had, by peer."""
	commands, absent = {}, {}
	for source in peers_of(workload):
		variants = {source.stem: []}
		if workload in SERVERS:
			variants = servers.variants_of(source.stem)
		for peer, prefix in variants.items():
			if wanted and peer not in wanted:
				continue
			try:
				commands[peer] = prefix + builder.command(source)
			except Absent as why:
				absent[peer] = str(why)
	return commands, absent


def cpus_for(workload, param, first):
	"""The CPUs to run on, the first one among them; raises Absent where they are too few."""
	count = param if workload in THREADED else 1
	if workload in SERVERS:
		count = 2
	cpus = [first, *sorted(os.sched_getaffinity(0) - {first})][:count]
	if len(cpus) < count:
		raise Absent(f'it needs {count} CPUs')
	return cpus


def split_threads(process, first, other, limit):
	"""Until it prints or the limit: pins the program's first thread to one CPU, all others to the other."""
	pinned = set()
	while time.monotonic() < limit and not select.select([process.stdout], [], [], 0.005)[0]:
		try:
			for thread in set(map(int, os.listdir(f'/proc/{process.pid}/task'))) - pinned:
				os.sched_setaffinity(thread, {first if thread == process.pid else other})
				pinned.add(thread)
		except OSError:
			pass                    # it has ended


def run_program(command, arguments, cpus, is_split, folder):
	"""Runs a program pinned to the CPUs: [(series, param, value)]; raises Absent."""
	env = dict(os.environ, GOMAXPROCS=str(len(cpus)), PYTHONPATH=str(HERE / 'common'))
	limit = time.monotonic() + TIME_LIMIT
	with subprocess.Popen(command + [str(a) for a in arguments], env=env, text=True, cwd=folder,
	                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
	                      preexec_fn=lambda: os.sched_setaffinity(0, cpus)) as process:
		try:
			if is_split and len(cpus) == 2:
				split_threads(process, *cpus, limit)
			stdout, stderr = process.communicate(timeout=max(0, limit - time.monotonic()))
		except subprocess.TimeoutExpired as late:
			process.kill()
			raise Absent(f'it took longer than {TIME_LIMIT} s') from late
		except KeyboardInterrupt:
			process.kill()          # it may sleep for long, and knows nothing of a SIGTERM
			raise
	if process.returncode != 0:
		lines = stderr.strip().splitlines()
		why = lines[-1].strip() if lines else 'no message'
		raise Absent(f'ended with {process.returncode}: {why}')
	rows = [line.split() for line in stdout.splitlines()]
	return [(series, int(param), float(value)) for series, param, value in rows]


def run_once(group, command, options, builder):
	"""Runs a peer once: [(series, param, value)]; raises Absent."""
	workload, param = group.workload, group.param
	cpus = cpus_for(workload, param, options.cpu)
	if workload in SERVERS:
		return servers.run_once(workload, command, param, options, cpus, builder)
	arguments = (param, options.repetitions, options.milliseconds)
	if workload in SINGLE:
		arguments = (param, 1, SLEEP[param])
	return run_program(command, arguments, cpus, workload in SPLIT, builder.run_folder())


class Group:
	"""The series of one workload with one parameter, while they are measured."""

	def __init__(self, workload, param, absent):
		self.workload, self.param = workload, param
		self.absent = dict(absent)      # peer: why; it has no more turns
		self.series = {}
		self.rounds = 0                 # that were run
		self.is_whole = True            # nothing interrupted it

	def add(self, peer, rows):
		"""Takes in what a peer printed."""
		for name, param, value in rows:
			series = self.series.setdefault((name, param), Series(self.workload, name, param))
			series.values.setdefault(peer, []).append(value)

	def is_empty(self):
		return not self.series and not self.absent

	def interrupt(self, peers):
		"""Who had no turn yet will have none."""
		self.is_whole = False
		if not self.is_empty():
			measured = {peer for series in self.series.values() for peer in series.values}
			for peer in set(peers) - measured - set(self.absent):
				self.absent[peer] = 'interrupted before its turn'

	def result(self):
		"""The series; where nobody could be measured one that says so."""
		found = list(self.series.values()) or [Series(self.workload, self.workload, self.param)]
		for series in found:
			series.absent = dict(self.absent)
		return found


def rounds_of(workload, rounds):
	"""How many turns the peers of a workload have at most."""
	return min(rounds, SINGLE_ROUNDS) if workload in SINGLE else rounds


def expected(workload, params, wanted, rounds):
	"""About how many seconds a workload takes; the pace of the machine corrects it."""
	peers = [path for path in peers_of(workload) if not wanted or path.stem in wanted]
	return (len(params) * len(peers) * rounds_of(workload, rounds) *
	        SECONDS.get(workload, 1))


def measure(group, commands, options, builder, progress):
	"""Runs all peers of a group in turns, fewer times where that takes very long."""
	rounds, cost = rounds_of(group.workload, options.rounds), SECONDS.get(group.workload, 1)
	started, peers = time.monotonic(), len(commands)
	left_out = LEFT_OUT.get((group.workload, group.param), {})
	group.absent.update((peer, why) for peer, why in left_out.items() if peer in commands)
	for turn in range(rounds):
		if turn >= LEAST_ROUNDS and (time.monotonic() - started) * (turn + 1) / turn > PATIENCE:
			progress.skip(cost * peers * (rounds - turn))
			break
		for peer, command in commands.items():
			if peer in group.absent:
				progress.skip(cost)
				continue
			progress.begin(f'{group.workload} {group.param:,}: {peer}, '
			               f'round {turn + 1} of {rounds}')
			try:
				group.add(peer, run_once(group, command, options, builder))
			except Absent as why:
				group.absent[peer] = str(why)
			progress.end(cost)
		group.rounds = turn + 1
