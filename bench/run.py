#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""
run.py - builds bide and its peers, measures them side by side, prints tables

A workload is a folder beside this file, a peer one file in it: the stem says
who, the suffix how it is built. Every program takes PARAM REPETITIONS
MILLISECONDS and prints lines "workload param value". What there is stands in
workloads.py. Servers are run and measured in servers.py, all others in
measure.py.
"""

import argparse
import os
import platform
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True          # nothing is written here

from builder import TOP, Builder
from measure import Group, commands_of, measure
from report import absent_lines, series_lines, summary_lines
from workloads import PEERS, WORKLOADS


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
	builder, everything = Builder(options.build), []
	print(f'{machine()}; on CPU {options.cpu}, {options.rounds} rounds\n', flush=True)
	for workload in chosen:
		commands, absent = commands_of(workload, builder, wanted)
		for param in WORKLOADS[workload][1 if options.quick else 0]:
			group = Group(workload, param, absent)
			measure(group, commands, options, builder)
			for series in group.result():
				print('\n'.join(series_lines(series)), flush=True)
			everything += group.result()
	print('\n'.join(summary_lines(everything) + absent_lines(everything)))
	return 0


if __name__ == '__main__':
	sys.exit(main())
