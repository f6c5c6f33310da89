# SPDX-License-Identifier: MIT

"""
workloads.py - what is compared: who, in which workload, with which parameters

Data alone. The reasons are in README.md.
"""

import collections

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
	'go-timer': 'Go, a timer',
	'go-thread': 'Go, a thread each',
	'uv': 'libuv',
	'tokio': 'tokio',
	'tokio-notify': 'tokio, Notify',
	'tokio-mpsc': 'tokio, mpsc',
	'tokio-blocking': 'tokio, spawn_blocking',
	'hyper': 'hyper',
	'nginx': 'nginx',
	'aio': 'asyncio',
	'aio-protocol': 'asyncio, protocol',
	'aio-uvloop': 'uvloop',
	'aio-uvloop-protocol': 'uvloop, protocol',
	'clock': 'clock_gettime',
	'epoll': 'epoll_wait, empty',
	'eventfd': 'bare eventfd',
	'eventfd-read': 'bare eventfd, read',
	'futex': 'bare futex',
	'futex-eventfd': 'bare futex, eventfd back',
	'epoll-server': 'bare epoll',
	'pread': 'bare pread',
	'bare': 'bare',
}

# Where a stem says too little, as each workload has a floor of its own.
NAMES = {
	('switch', 'bare'): 'bare switch',
	('yield', 'bare'): 'bare switch, a ring of stacks',
	('sleepers', 'bare'): 'bare page',
	('gather', 'bare'): 'bare switch, a ring of calls',
	('queue', 'bare'): 'bare switch, a ring of items',
	('post', 'bare'): 'bare exchange',
}

# What the machine asks for whoever calls: nobody's rival. So is each "bare" and "bare-…".
FLOORS = ('clock', 'epoll', 'eventfd', 'eventfd-read', 'futex', 'futex-eventfd', 'epoll-server',
          'pread')

# Workload, its parameters: all, and those of --quick.
WORKLOADS = {
	'floor': ([1], [1]),
	'switch': ([1], [1]),
	'yield': ([2, 100, 100000, 1000000], [2, 100]),
	'spawn': ([1], [1]),
	'gather': ([1000], [1000]),
	'timeout': ([1], [1]),
	'timeout-ready': ([1], [1]),
	'churn': ([100000], [1000]),
	'cancel': ([100000], [1000]),
	'sleepers': ([100000, 1000000], [10000]),
	'delayed': ([1000000], [10000]),
	'growth': ([10, 100, 1000, 10000, 100000, 1000000], [10, 1000]),
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

# The workloads whose programs are servers, and which folder those are in.
SERVERS = {'echo': 'echo', 'idle': 'echo', 'hello': 'hello'}

# Of a request of echo.
SIZES = (64, 4096)

# The parameter of these is a number of CPUs; all others have one.
THREADED = ('post', 'wake', 'to_thread', 'threads')

# Here two CPUs stand for two threads: the kernel would put them on the same one at times.
SPLIT = ('post', 'wake', 'to_thread')

# These hold their memory once.
SINGLE = ('sleepers', 'delayed')
SINGLE_ROUNDS = 3                       # they take long and scatter little

# How many ms so many sleepers sleep, the same with all peers.
SLEEP = {10000: 500, 100000: 3000, 1000000: 15000}

# Who is left out, by workload and parameter, and why.
LEFT_OUT = {
	('yield', 1000000): {'aio': 'its tasks take 5 s to yield once each'},
	('growth', 1000000): {'aio': 'it takes half a minute to start so many'},
}

# About how many seconds one run takes; all others take one.
SECONDS = {'yield': 4, 'sleepers': 15, 'delayed': 8, 'echo': 4, 'hello': 5, 'idle': 3, 'growth': 4}

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

# By series and parameter, in the unit of the series. That bide is to be no slower than the
# best of its peers stands in no list.
AIMS = {
	('switch', 1): 5,
	('yield', 2): 19,
	('yield', 100): 12,
	('yield', 100000): 110,
	('spawn', 1): 30,
	('gather', 1000): 15,
	('timeout', 1): 40,
	('cancel', 100000): 300,
	('sleepers', 1000000): 4.7 * 1024,
	('delayed', 1000000): 256,
	('queue', 1): 30,
	('queue', 100): 10,
	('lock', 1): 5,
	('lock', 1000): 80,
	('event', 1000): 15,
	('select', 4): 100,
	('post', 2): 40,
	('wake', 1): Times(1.1, 'eventfd', 'wake', 1),
	('wake', 2): Times(1.1, 'eventfd', 'wake', 2),
	('to_thread', 1): Times(1.2, 'futex', 'to_thread', 1),
	('to_thread', 2): Times(1.2, 'futex', 'to_thread', 2),
	('threads', 2): Times(1 / 1.9, 'bide', 'threads', 1),
	('echo-64', 100): Times(1.05, 'epoll-server', 'echo-64', 100),
	('idle', 10000): 6 * 1024,
	('file_read', 1): Times(1.3, 'pread', 'file_read', 1),
}

# What a chart calls a series, and which chart it is in. A series that is not here is called by
# its name, and is where its workload is.
TITLES = {
	'switch': 'one switch',
	'yield': 'one yield among {:,} tasks',
	'spawn': 'spawn a task and join it',
	'gather': 'spawn and gather {:,}, a task',
	'cancel': 'spawn, cancel and join, a task',
	'queue': 'an item by a queue of {:,}',
	'lock': 'a lock, number of tasks: {:,}',
	'event': 'wake {:,} tasks by an event, a task',
	'select': 'an item of any of {:,} queues',
	'timeout': 'a time limit around one wait',
	'timeout-ready': 'a time limit around no wait',
	'churn': 'move one of {:,} time limits',
	'sleepers-start': 'make {:,} tasks sleep, a task',
	'sleepers-over': '{:,} sleepers, beyond their sleep',
	'sleepers-cpu': '{:,} sleepers, CPU time of one',
	'delayed-start': 'set up a task that starts later',
	'post': 'post to a busy loop',
	'wake': 'wake another loop and back, CPUs: {}',
	'to_thread': 'a call on the pool, CPUs: {}',
	'threads': 'spawn and join, loops: {}',
	'sleepers': 'one of {:,} sleeping tasks',
	'delayed': 'one of {:,} delayed tasks',
	'idle': 'one of {:,} idle connections',
	'echo-64': 'echo of 64 B, connections: {:,}',
	'echo-4096': 'echo of 4 KiB, connections: {:,}',
	'hello': 'HTTP/1.1, {:,} connections',
	'file_read': 'read 4 KiB of a cached file',
	'growth-switch': 'one yield',
	'growth-spawn': 'spawn a task and join it',
	'growth-timer': 'a timer',
	'growth-wake': 'wake a task',
}
CHARTS = {
	'tasks': ('switch', 'yield', 'spawn', 'gather', 'cancel'),
	'synchronisation': ('queue', 'lock', 'event', 'select'),
	'time': ('timeout', 'timeout-ready', 'churn', 'sleepers-start', 'sleepers-over', 'sleepers-cpu',
	         'delayed-start'),
	'threads': ('post', 'wake', 'to_thread', 'threads'),
	'memory': ('sleepers', 'delayed', 'idle'),
	'io': ('echo-64', 'echo-4096', 'hello', 'file_read'),
	'growth': ('growth-switch', 'growth-spawn', 'growth-timer', 'growth-wake'),
}
