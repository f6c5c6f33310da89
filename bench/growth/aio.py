# SPDX-License-Identifier: MIT

"""A sleep(0), a task, a timeout and a Queue, while so many other asyncio tasks sleep."""

import asyncio
import itertools
import os

from bench import Bench

is_over = False


async def partner():
	while not is_over:
		await asyncio.sleep(0)


async def growth_switch():
	global is_over
	bench = Bench('growth-switch', 2)
	task = asyncio.create_task(partner())
	while units := bench.next():
		for _ in range(units):
			await asyncio.sleep(0)
	is_over = True
	await task


async def child():
	return 1


async def growth_spawn():
	bench = Bench('growth-spawn')
	while units := bench.next():
		for _ in range(units):
			await asyncio.create_task(child())


async def growth_timer():
	bench = Bench('growth-timer')
	while units := bench.next():
		for _ in range(units):
			async with asyncio.timeout(1):
				await asyncio.sleep(0)


async def producer(queue):
	for item in itertools.count():
		await queue.put(item)


async def growth_wake():
	bench = Bench('growth-wake')
	queue = asyncio.Queue(1)
	task = asyncio.create_task(producer(queue))
	expected = 0
	while units := bench.next():
		for _ in range(units):
			assert await queue.get() == expected
			expected += 1
	task.cancel()


async def main():
	bench = Bench('growth')
	sleepers = [asyncio.create_task(asyncio.sleep(3600)) for _ in range(bench.param)]
	await asyncio.sleep(0)
	await growth_switch()
	await growth_spawn()
	await growth_timer()
	await growth_wake()
	assert not any(sleeper.done() for sleeper in sleepers)
	os._exit(0)                             # to cancel the sleepers takes longer than all this


asyncio.run(main())
