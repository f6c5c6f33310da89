#!/usr/bin/env python3
# SPDX-License-Identifier: MIT

"""
run.py - builds bide and its peers, measures them side by side, prints tables

A workload is a folder beside this file, a peer one file in it: the stem says
who, the suffix how it is built. Every program takes PARAM REPETITIONS
MILLISECONDS and prints lines "workload param value". What there is stands in
workloads.py. Servers are run and measured in servers.py, all others in
measure.py. The figures are printed, written as JSON and drawn as charts.
"""

import argparse
import datetime
import os
import signal
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True          # nothing is written here

import machine
import results
import selection
from builder import HERE, TOP, Builder, system_python
from measure import Group, commands_of, expected, measure
from progress import Progress
from report import absent_lines, series_lines, summary_lines
from workloads import PEERS, WORKLOADS

PUBLISHED = HERE / 'results' / 'results.json'


def parser():
	parser = argparse.ArgumentParser(description='Compare bide with its peers.')
	parser.add_argument('names', nargs='*', metavar='NAME[:PARAM,…]',
	                    help='workloads to run, all by default, and with which of their '
	                         'parameters: ' + ', '.join(WORKLOADS))
	parser.add_argument('--build', type=Path, default=TOP / 'build' / 'bench', metavar='DIR',
	                    help='where everything is built (build/bench)')
	parser.add_argument('--rounds', type=int, metavar='N', help='turns of each peer (5; quick: 1)')
	parser.add_argument('--cpu', type=int, default=max(os.sched_getaffinity(0)), metavar='N',
	                    help='run everything on this one (the last), what needs two on '
	                         'another one as well')
	parser.add_argument('--only', metavar='PEER,…', help='only these peers: ' + ', '.join(PEERS))
	parser.add_argument('--quick', action='store_true',
	                    help='only try whether all of it works; the figures mean little')
	place = parser.add_mutually_exclusive_group()
	place.add_argument('--output', type=Path, metavar='FILE.json',
	                   help='where the figures go, and the charts beside them '
	                        '(build/bench/results.json; quick: quick.json)')
	place.add_argument('--publish', action='store_const', dest='output', const=PUBLISHED,
	                   help=f'the same as --output {PUBLISHED.relative_to(TOP)}')
	parser.add_argument('--merge', action='store_true',
	                    help='leave in that file what other workloads and parameters have there; '
	                         'it must be of this machine and of these compilers')
	return parser


def read_arguments():
	"""The options, with all that follows from them."""
	command = parser()
	options = command.parse_args()
	try:
		options.chosen = selection.select(options.names, options.quick)
		options.peers = selection.peers(options.only)
	except selection.Unknown as why:
		command.error(str(why))
	if options.peers and options.merge:
		command.error('--merge replaces whole workloads, so it goes without --only')
	if options.cpu not in os.sched_getaffinity(0):
		command.error(f'there is no CPU {options.cpu}; there are: '
		              f'{", ".join(map(str, sorted(os.sched_getaffinity(0))))}')
	if options.quick and options.output == PUBLISHED:
		command.error('what --quick measures is not to be published')
	if options.output == PUBLISHED and (options.names or options.only) and not options.merge:
		command.error('--publish replaces all figures, so it goes with names only with --merge')
	options.rounds = options.rounds or (1 if options.quick else 5)
	options.repetitions = 2 if options.quick else 5
	options.milliseconds = 5 if options.quick else 50
	options.build = options.build.resolve()
	options.output = options.output or options.build / ('quick.json' if options.quick
	                                                    else 'results.json')
	options.bide = machine.bide()
	return options


def about(group, options):
	"""What each series keeps of how it was measured."""
	now = datetime.datetime.now(datetime.timezone.utc)
	return {'date': now.strftime('%Y-%m-%dT%H:%M:%SZ'), 'bide': options.bide,
	        'options': {'rounds': group.rounds} | {key: getattr(options, key) for key in
	                    ('repetitions', 'milliseconds', 'cpu', 'quick')}}


def finish(group, options, kept, everything):
	"""Prints the series of a group, and keeps them; a fragment replaces nothing."""
	found = group.result()
	for series in found:
		series.about = about(group, options)
		print('\n'.join(series_lines(series)), flush=True)
	if group.is_whole or not kept.has(group.workload, group.param):
		kept.replace(found)
		kept.save(options.output)
	everything += found


def compare(options, kept, everything):
	"""Measures what was chosen; what is measured is kept at once."""
	builder = Builder(options.build)
	progress = Progress(sum(expected(*pair, options.peers, options.rounds)
	                        for pair in options.chosen.items()))
	for workload, params in options.chosen.items():
		progress.begin(f'{workload}: building')
		commands, absent = commands_of(workload, builder, options.peers)
		for param in params:
			group = Group(workload, param, absent)
			try:
				measure(group, commands, options, builder, progress)
			except KeyboardInterrupt:
				group.interrupt(commands)
				raise
			finally:
				progress.clear()
				if not group.is_empty():
					finish(group, options, kept, everything)


def draw(path):
	"""Draws the charts beside a file of figures, by a Python that may have matplotlib."""
	print(f'The figures are in {path}.', flush=True)
	subprocess.run([system_python(), '-B', str(HERE / 'charts.py'), str(path)])


def interrupt(*_):
	raise KeyboardInterrupt


def main():
	# As an exception it ends the servers that run, too.
	signal.signal(signal.SIGTERM, interrupt)
	if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:   # as nohup has it
		signal.signal(signal.SIGHUP, interrupt)
	options = read_arguments()
	tools = machine.tools()
	try:
		kept = (results.merge_into(options.output, tools, options.quick) if options.merge
		        else results.Results(tools))
	except results.Refused as why:
		print(f'run.py: {why}', file=sys.stderr)
		return 1
	print(f'{machine.sentence(tools["machine"])}; on CPU {options.cpu}, '
	      f'{options.rounds} rounds\n', flush=True)
	everything, code = [], 0
	try:
		compare(options, kept, everything)
	except KeyboardInterrupt:
		print('Interrupted: this is what was measured until then.\n')
		code = 130
	print('\n'.join(summary_lines(everything) + absent_lines(everything)))
	if everything:
		try:
			draw(options.output)
		except KeyboardInterrupt:
			code = 130
	return code


if __name__ == '__main__':
	sys.exit(main())
