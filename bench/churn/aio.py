# SPDX-License-Identifier: MIT

"""So many asyncio tasks wait within a timeout, which is rescheduled time and again."""

import asyncio

from bench import Bench

BATCH = 1000
state = 0
limits = []


def random():
	global state
	state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
	return state >> 32


def delay():
	return 3600 + random() % 3600000 / 1000


async def connection(is_over):
	async with asyncio.timeout(delay()) as limit:
		limits.append(limit)
		await is_over.wait()


async def main():
	bench = Bench('churn', BATCH)
	loop, is_over = asyncio.get_running_loop(), asyncio.Event()
	tasks = [asyncio.create_task(connection(is_over)) for _ in range(bench.param)]
	await asyncio.sleep(0)
	while units := bench.next():
		for _ in range(units):
			for _ in range(BATCH):
				limit = limits[random() % bench.param]
				limit.reschedule(loop.time() + delay())
			await asyncio.sleep(0)
	is_over.set()
	await asyncio.gather(*tasks)


asyncio.run(main())
