#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""
run.py - builds bide and its peers, measures them side by side, prints tables

A workload is a folder beside this file, a peer one file in it: the stem says
who, the suffix how it is built. Every program takes PARAM REPETITIONS
MILLISECONDS and prints lines "workload param value". The peers of a workload
run in turns (A B C A B C …), all on the same CPU, so that a slow minute of the
machine hits them alike. The parameter of a workload with several threads says
on how many CPUs they are. Servers are run and measured in servers.py.
"""

import argparse
import collections
import os
import platform
import select
import signal
import statistics
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True          # nothing is written here

import servers
from builder import HERE, TOP, Absent, Builder

# What a file's stem stands for in the tables.
PEERS = {
	'bide': 'bide',
	'bide-call': 'bide, bide_timeout()',
	'bide-uring': 'bide, io_uring',
	'st': 'State Threads',
	'st-cond': 'State Threads, cond',
	'context': 'boost.context',
	'fiber': 'boost.fiber',
	'go': 'Go',
	'go-close': 'Go, close',
	'go-thread': 'Go, a thread each',
	'uv': 'libuv',
	'tokio': 'tokio',
	'tokio-mpsc': 'tokio, mpsc',
	'tokio-blocking': 'tokio, spawn_blocking',
	'hyper': 'hyper',
	'nginx': 'nginx',
	'aio': 'asyncio',
	'aio-uvloop': 'uvloop',
	'clock': 'clock_gettime',
	'epoll': 'epoll_wait, empty',
	'eventfd': 'bare eventfd',
	'eventfd-read': 'bare eventfd, read',
	'futex': 'bare futex',
	'futex-eventfd': 'bare futex, eventfd back',
	'epoll-server': 'bare epoll',
	'pread': 'bare pread',
}

# What the machine asks for whoever calls: nobody's rival.
FLOORS = ('clock', 'epoll', 'eventfd', 'eventfd-read', 'futex', 'futex-eventfd', 'epoll-server',
          'pread')

# Workload, its parameters: all, and those of --quick.
WORKLOADS = {
	'floor': ([1], [1]),
	'switch': ([1], [1]),
	'yield': ([2, 100, 100000], [2, 100]),
	'spawn': ([1], [1]),
	'gather': ([1000], [1000]),
	'timeout': ([1], [1]),
	'cancel': ([100000], [1000]),
	'sleepers': ([1000000], [10000]),
	'delayed': ([1000000], [10000]),
	'queue': ([1, 100], [1, 100]),
	'lock': ([1, 1000], [1, 1000]),
	'event': ([1000], [1000]),
	'select': ([4], [4]),
	'post': ([2], [2]),
	'wake': ([1, 2], [1, 2]),
	'to_thread': ([1, 2], [1, 2]),
	'threads': ([1, 2], [1, 2]),
	'echo': ([1, 100, 1000, 10000], [1, 100]),
	'hello': ([100], [100]),
	'idle': ([10000], [1000]),
	'file_read': ([1], [1]),
}

# The parameter of these is a number of CPUs; all others have one.
THREADED = ('post', 'wake', 'to_thread', 'threads')

# Here two CPUs stand for two threads: the kernel would put them on the same one at times.
SPLIT = ('post', 'wake', 'to_thread')

# These hold their memory once, for so many ms: their sleep outlasts the start.
SINGLE = {'sleepers': 8000, 'delayed': 0}
SLOW_START = {'aio': 3}
SINGLE_ROUNDS = 3                       # they take long and scatter little

# What is not in ns, and of what that is.
UNITS = {
	'sleepers': ('bytes', ' a task'),
	'delayed': ('bytes', ' a task'),
	'idle': ('bytes', ' a connection'),
	'echo-64': ('us', ' of CPU a request'),
	'echo-4096': ('us', ' of CPU a request'),
	'hello': ('us', ' of CPU a request'),
}

# An aim that was measured in the same run: so many times what that program took.
Times = collections.namedtuple('Times', 'factor peer series param')
RIVALS = 'the best of the peers'

# (what, series, parameter, aim, unit)
AIMS = [
	('switch', 'switch', 1, 5, 'ns'),
	('yield among 2', 'yield', 2, 19, 'ns'),
	('yield among 100', 'yield', 100, 12, 'ns'),
	('yield among 100,000', 'yield', 100000, 110, 'ns'),
	('spawn and join', 'spawn', 1, 30, 'ns'),
	('spawn 1,000 and gather, a task', 'gather', 1000, 15, 'ns'),
	('timeout around one suspension', 'timeout', 1, 40, 'ns'),
	('spawn, cancel, join, a task', 'cancel', 100000, 300, 'ns'),
	('sleeping task', 'sleepers', 1000000, 4.7 * 1024, 'B'),
	('delayed task', 'delayed', 1000000, 256, 'B'),
	('queue that holds 1, an item', 'queue', 1, 30, 'ns'),
	('queue that holds 100, an item', 'queue', 100, 10, 'ns'),
	('lock and release', 'lock', 1, 5, 'ns'),
	('lock among 1,000', 'lock', 1000, 80, 'ns'),
	('event for 1,000, a waiter', 'event', 1000, 15, 'ns'),
	('select over 4 queues', 'select', 4, 100, 'ns'),
	('post into a busy loop', 'post', 2, 40, 'ns'),
	('wake-up there and back, 1 CPU', 'wake', 1, Times(1.1, 'eventfd', 'wake', 1), 'ns'),
	('wake-up there and back, 2 CPUs', 'wake', 2, Times(1.1, 'eventfd', 'wake', 2), 'ns'),
	('call on the pool, 1 CPU', 'to_thread', 1, Times(1.2, 'futex', 'to_thread', 1), 'ns'),
	('call on the pool, 2 CPUs', 'to_thread', 2, Times(1.2, 'futex', 'to_thread', 2), 'ns'),
	('spawn and join on 2 loops', 'threads', 2, Times(1 / 1.9, 'bide', 'threads', 1), 'ns'),
	('echo of 64 B, 100 connections, the floor', 'echo-64', 100,
	 Times(1.05, 'epoll-server', 'echo-64', 100), 'us'),
	*((f'echo of {size} B, connections: {n:,}', f'echo-{size}', n,
	   Times(1, RIVALS, f'echo-{size}', n), 'us')
	  for size in servers.SIZES for n in (1, 100, 1000, 10000)),
	('hello, HTTP', 'hello', 100, Times(1, RIVALS, 'hello', 100), 'us'),
	('idle connection', 'idle', 10000, 6 * 1024, 'B'),
	('read of 4 KiB from the page cache', 'file_read', 1,
	 Times(1.3, 'pread', 'file_read', 1), 'ns'),
]


def peers_of(workload):
	"""The files of a workload, in the order of PEERS, unknown ones last."""
	folder = HERE / servers.SERVERS.get(workload, workload)
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
		if workload in servers.SERVERS:
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
	if workload in servers.SERVERS:
		count = 2
	cpus = [first, *sorted(os.sched_getaffinity(0) - {first})][:count]
	if len(cpus) < count:
		raise Absent(f'it needs {count} CPUs')
	return cpus


def split_threads(process, first, other):
	"""Until it prints: pins the program's first thread to one CPU, all others to the other."""
	pinned = set()
	while not select.select([process.stdout], [], [], 0.005)[0]:
		try:
			for thread in set(map(int, os.listdir(f'/proc/{process.pid}/task'))) - pinned:
				os.sched_setaffinity(thread, {first if thread == process.pid else other})
				pinned.add(thread)
		except OSError:
			pass                    # it has ended


def run_program(command, arguments, cpus, is_split, folder):
	"""Runs a program pinned to the CPUs: [(series, param, value)]; raises Absent."""
	env = dict(os.environ, GOMAXPROCS=str(len(cpus)), PYTHONPATH=str(HERE / 'common'))
	with subprocess.Popen(command + [str(a) for a in arguments], env=env, text=True, cwd=folder,
	                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
	                      preexec_fn=lambda: os.sched_setaffinity(0, cpus)) as process:
		if is_split and len(cpus) == 2:
			split_threads(process, *cpus)
		stdout, stderr = process.communicate()
	if process.returncode != 0:
		lines = stderr.strip().splitlines()
		why = lines[-1].strip() if lines else 'no message'
		raise Absent(f'ended with {process.returncode}: {why}')
	rows = [line.split() for line in stdout.splitlines()]
	return [(series, int(param), float(value)) for series, param, value in rows]


def run_once(workload, param, peer, command, options, builder):
	"""Runs a peer once: [(series, param, value)]; raises Absent."""
	cpus = cpus_for(workload, param, options.cpu)
	if workload in servers.SERVERS:
		return servers.run_once(workload, command, param, options, cpus, builder)
	arguments = (param, options.repetitions, options.milliseconds)
	if workload in SINGLE:
		ms = SINGLE[workload] * SLOW_START.get(peer, 1)
		arguments = (param, 1, 500 if options.quick and ms else ms)
	return run_program(command, arguments, cpus, workload in SPLIT, builder.run_folder())


def measure(workload, param, commands, options, builder, figures):
	"""Runs all peers in turns; fills figures[series, param][peer]. Returns who fell out."""
	absent, rounds = {}, options.rounds
	if workload in SINGLE:
		rounds = min(rounds, SINGLE_ROUNDS)
	for turn in range(rounds):
		for peer, command in commands.items():
			if peer in absent:
				continue
			if sys.stderr.isatty():
				print(f'\r\033[K{workload} {param} {turn + 1}/{rounds} {peer}', end='',
				      file=sys.stderr, flush=True)
			try:
				for series, n, value in run_once(workload, param, peer, command, options,
				                                 builder):
					figures.setdefault((series, n), {}).setdefault(peer, []).append(value)
			except Absent as why:
				absent[peer] = str(why)
	if sys.stderr.isatty():
		print('\r\033[K', end='', file=sys.stderr, flush=True)
	return absent


def number(value, unit='ns'):
	if value >= 1000:
		return f'{value:,.0f}'
	return f'{value:.2f}' if unit == 'us' else f'{value:.1f}'


def unit_of(series):
	"""The unit, and of what."""
	return UNITS.get(series, ('ns', ''))


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
	rows = [[PEERS.get(peer, peer), number(min(values), unit),
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


def machine():
	model = platform.processor() or platform.machine()
	try:
		with open('/proc/cpuinfo') as info:
			model = next(line.split(':')[1].strip() for line in info if 'model name' in line)
	except (OSError, StopIteration):
		pass
	return f'{model}, {os.cpu_count()} CPUs, Linux {platform.release()}'


def arguments():
	parser = argparse.ArgumentParser(description='Compare bide with its peers.')
	parser.add_argument('names', nargs='*', metavar='NAME',
	                    help='workloads to run, all by default: ' + ', '.join(WORKLOADS))
	parser.add_argument('--build', type=Path, default=TOP / 'build' / 'bench', metavar='DIR',
	                    help='where everything is built (build/bench)')
	parser.add_argument('--rounds', type=int, metavar='N', help='turns of each peer (5; quick: 1)')
	parser.add_argument('--cpu', type=int, default=max(os.sched_getaffinity(0)), metavar='N',
	                    help='run everything on this one (the last), what needs two on '
	                         'another one as well')
	parser.add_argument('--only', metavar='PEER,…', help='only these peers: ' + ', '.join(PEERS))
	parser.add_argument('--quick', action='store_true',
	                    help='only try whether all of it works; the figures mean little')
	options = parser.parse_args()
	for name in options.names:
		if name not in WORKLOADS:
			parser.error(f'there is no workload {name}')
	options.rounds = options.rounds or (1 if options.quick else 5)
	options.repetitions = 2 if options.quick else 5
	options.milliseconds = 5 if options.quick else 50
	options.build = options.build.resolve()
	return options


def main():
	# As an exception it ends the servers that run, too.
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
	options = arguments()
	chosen = options.names or list(WORKLOADS)
	wanted = options.only.split(',') if options.only else None
	builder, figures, absent, printed = Builder(options.build), {}, {}, 0
	print(f'{machine()}; on CPU {options.cpu}, {options.rounds} rounds\n', flush=True)
	for workload in chosen:
		commands, missing = commands_of(workload, builder, wanted)
		absent.update({(workload, peer): why for peer, why in missing.items()})
		for param in WORKLOADS[workload][1 if options.quick else 0]:
			for peer, why in measure(workload, param, commands, options, builder,
			                         figures).items():
				absent[f'{workload} {param}', peer] = why
			for key in list(figures)[printed:]:
				print_series(*key, figures[key])
			printed = len(figures)
			sys.stdout.flush()
	print_summary(figures)
	for (where, peer), why in absent.items():
		print(f'absent from {where}: {PEERS.get(peer, peer)}: {why}')
	return 0


if __name__ == '__main__':
	sys.exit(main())
