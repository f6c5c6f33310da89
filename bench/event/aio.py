# SPDX-License-Identifier: MIT

"""An Event wakes so many asyncio tasks, which all wait for it again."""

import asyncio

from bench import Bench

waiting = 0


async def waiter(start, ready, waiters):
	global waiting
	while True:
		waiting += 1
		if waiting == waiters:
			ready.set()
		await start.wait()


async def main():
	global waiting
	bench = Bench('event')
	n = bench.ops_per_unit = bench.param
	start, ready = asyncio.Event(), asyncio.Event()
	tasks = [asyncio.create_task(waiter(start, ready, n)) for _ in range(n)]
	await ready.wait()
	ready.clear()
	while units := bench.next():
		for _ in range(units):
			waiting = 0
			start.set()
			start.clear()
			await ready.wait()
			ready.clear()
	for task in tasks:
		task.cancel()


asyncio.run(main())
