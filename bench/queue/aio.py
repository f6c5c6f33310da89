# SPDX-License-Identifier: MIT

"""Hand items from one asyncio task to another by a Queue that holds so many."""

import asyncio
import itertools

from bench import Bench


async def producer(queue):
	for item in itertools.count():
		await queue.put(item)


async def main():
	bench = Bench('queue')
	queue = asyncio.Queue(bench.param)
	task = asyncio.create_task(producer(queue))
	expected = 0
	while units := bench.next():
		for _ in range(units):
			assert await queue.get() == expected
			expected += 1
	task.cancel()


asyncio.run(main())
