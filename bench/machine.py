# SPDX-License-Identifier: MIT

"""
machine.py - what figures were measured on, and with what
"""

import os
import platform
import re
import subprocess

from builder import HERE, TOP, system_python, system_rust

# The first line that each prints when it is asked so.
COMPILERS = {
	'gcc': ['gcc', '--version'],
	'g++': ['g++', '--version'],
	'go': ['go', 'version'],
	'rustc': [system_rust()[1], '--version'],
	'python': [system_python(), '--version'],
}


def told(command):
	"""The lines that a command prints, none where it cannot be run."""
	try:
		done = subprocess.run(command, capture_output=True, text=True)
	except OSError:
		return []
	return done.stdout.splitlines() if done.returncode == 0 else []


def model():
	"""What the processor is called."""
	try:
		with open('/proc/cpuinfo') as info:
			return next(line.split(':')[1].strip() for line in info if 'model name' in line)
	except (OSError, StopIteration):
		return platform.processor() or platform.machine()


def machine():
	return {'model': model(), 'architecture': platform.machine(), 'cpus': os.cpu_count(),
	        'kernel': f'{platform.system()} {platform.release()}'}


def compilers():
	"""The version of each compiler that is there."""
	versions = {name: told(command)[:1] for name, command in COMPILERS.items()}
	return {name: lines[0] for name, lines in versions.items() if lines}


def packages():
	"""The versions of those packages of the comparison that are installed, by name."""
	lines = (HERE / 'packages').read_text().splitlines()
	names = [line.split()[1] for line in lines if line and not line.startswith('#')]
	versions = {}
	for name in names:
		# One by one, as a name that the system does not know ends the whole query.
		for line in told(['dpkg-query', '-W', '-f', '${db:Status-Abbrev} ${Version}\n', name]):
			if line.startswith('ii'):
				versions[name] = line.split()[1]
	return versions


def bide():
	"""bide's version, and its commit where git knows it."""
	version = re.search(r"version: '([^']+)'", (TOP / 'meson.build').read_text())
	commit = told(['git', '-C', str(TOP), 'rev-parse', '--short=12', 'HEAD'])
	# What is published is written while it is measured.
	changes = told(['git', '-C', str(TOP), 'status', '--porcelain', '--untracked-files=no', '--',
	                '.', ':!bench/results'])
	return {'version': version[1] if version else None, 'commit': commit[0] if commit else None,
	        'is_modified': bool(changes)}


def tools():
	"""All that figures have to agree in to stand beside one another."""
	return {'machine': machine(), 'compilers': compilers(), 'packages': packages()}


def sentence(machine):
	"""A machine in words."""
	return f'{machine["model"]}, {machine["cpus"]} CPUs, {machine["kernel"]}'
