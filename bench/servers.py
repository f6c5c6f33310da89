# SPDX-License-Identifier: MIT

"""
servers.py - measures servers from outside, by who asks them

A server has one CPU and who asks it another one. What a request costs is the CPU
time, user and system, of the server's processes between two marks, divided by
the replies in between. Waiting costs nothing there. How fast the other CPU is
decides only how many requests are ready for the server at a time, and the more of
them the cheaper is each: so who asks is the same for all, and knows nothing of what
it asks.
"""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

from builder import Absent, need
from workloads import SIZES

HOST = '127.0.0.1'
PATIENCE = 10                           # s until a server listens
BUFFER = 2 * max(SIZES)                 # so that a request comes in one read
IDLE_BUFFER = 256
SPARE_DESCRIPTORS = 100

# bide's program runs with each of its back ends.
BACKENDS = {'bide': 'epoll', 'bide-uring': 'uring'}


def variants_of(stem):
	"""Of a file's stem: the peers that it makes, and how the command of each begins."""
	if stem != 'bide':
		return {stem: []}
	return {peer: ['env', f'BIDE_BACKEND={name}'] for peer, name in BACKENDS.items()}


def allow_descriptors(connections):
	"""Raises the limit, which servers inherit; raises Absent where it is too low for them."""
	_, limit = resource.getrlimit(resource.RLIMIT_NOFILE)
	wanted = connections + SPARE_DESCRIPTORS
	if limit != resource.RLIM_INFINITY and limit < wanted:
		raise Absent(f'it needs {wanted} descriptors, and {limit} are allowed')
	resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def free_port():
	with socket.socket() as probe:
		probe.bind((HOST, 0))
		return probe.getsockname()[1]


def cpu_time(pid):
	"""The seconds of CPU time that a process and its children have used."""
	pids = [pid]
	try:
		for thread in Path(f'/proc/{pid}/task').iterdir():
			children = thread / 'children'
			if not children.exists() and thread.exists():
				raise Absent('the kernel does not tell the children of a process')
			pids += map(int, children.read_text().split())
		# What clock_getcpuclockid(3) makes of a process; Python has it for threads only.
		return sum(time.clock_gettime(~each << 3 | 2) for each in pids)
	except OSError as error:
		raise Absent('the server has ended') from error


def last_line(text):
	lines = text.strip().splitlines()
	return lines[-1].strip() if lines else 'no message'


@contextlib.contextmanager
def serving(command, port, buffer, cpu, folder):
	"""Runs a server while the block does, in a folder that it may write to."""
	log = folder / 'log'
	with open(log, 'w') as output:
		server = subprocess.Popen(
			[*command, str(port), str(buffer)], cwd=folder, stdout=output, stderr=output,
			env=dict(os.environ, GOMAXPROCS='1'), start_new_session=True,
			preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
	try:
		yield server
	except Absent as why:
		if server.poll() is not None:
			raise Absent(f'ended with {server.returncode}: '
			             f'{last_line(log.read_text())}') from why
		raise
	finally:
		with contextlib.suppress(ProcessLookupError):
			os.killpg(server.pid, signal.SIGKILL)
		server.wait()


def ask(command, cpu):
	"""Runs who asks: what it prints."""
	done = subprocess.run([str(a) for a in command], capture_output=True, text=True,
	                      preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
	if done.returncode != 0:
		raise Absent(last_line(done.stderr))
	return done.stdout


def load(what, command, size, buffer, param, options, cpus, builder):
	port = free_port()
	with serving(command, port, buffer, cpus[0], builder.run_folder()) as server:
		lines = ask([builder.load(), what, server.pid, port, size, param,
		             options.repetitions, 4 * options.milliseconds], cpus[1]).splitlines()
	return [(series, int(n), float(value)) for series, n, value in map(str.split, lines)]


def echo(command, param, options, cpus, builder):
	return [row for size in SIZES
	        for row in load('echo', command, size, BUFFER, param, options, cpus, builder)]


def idle(command, param, options, cpus, builder):
	return load('idle', command, SIZES[0], IDLE_BUFFER, param, options, cpus, builder)


def wait_until_listening(server, port):
	limit = time.monotonic() + PATIENCE
	while time.monotonic() < limit and server.poll() is None:
		with socket.socket() as probe:
			if probe.connect_ex((HOST, port)) == 0:
				return
		time.sleep(0.01)
	raise Absent('the server does not listen')


def hello_once(server, port, connections, cpu):
	"""Microseconds of the server for a request."""
	before = cpu_time(server.pid)
	told = ask([need('wrk'), '-t1', f'-c{connections}', '-d1s', f'http://{HOST}:{port}/'], cpu)
	spent = cpu_time(server.pid) - before
	requests = re.search(r'(\d+) requests in', told)
	if requests is None or requests[1] == '0' or 'Non-2xx' in told:
		raise Absent('wrk had no good replies')
	return spent * 1e6 / int(requests[1])


def hello(command, param, options, cpus, builder):
	port = free_port()
	with serving(command, port, BUFFER, cpus[0], builder.run_folder()) as server:
		wait_until_listening(server, port)
		values = [hello_once(server, port, param, cpus[1])
		          for _ in range((options.repetitions + 1) // 2 + 1)]
	return [('hello', param, value) for value in values[1:]]    # the first one warms up


def run_once(workload, command, param, options, cpus, builder):
	"""Runs a server and who asks it: [(series, param, value)]; raises Absent."""
	allow_descriptors(param)
	measure = {'echo': echo, 'idle': idle, 'hello': hello}[workload]
	return measure(command, param, options, cpus, builder)
