# SPDX-License-Identifier: MIT

"""Wait for an item in any of four Queues, which one asyncio task feeds in turn."""

import asyncio
import itertools

from bench import Bench

QUEUES = 4


async def producer(queues):
	for item in itertools.count():
		await queues[item % QUEUES].put(item)
		await asyncio.sleep(0)


async def main():
	bench = Bench('select')
	queues = [asyncio.Queue(1) for _ in range(QUEUES)]
	task = asyncio.create_task(producer(queues))
	gets = {asyncio.create_task(queue.get()): queue for queue in queues}
	while units := bench.next():
		while units > 0:
			done, _ = await asyncio.wait(gets, return_when=asyncio.FIRST_COMPLETED)
			for get in done:
				queue = gets.pop(get)
				assert queues[get.result() % QUEUES] is queue
				gets[asyncio.create_task(queue.get())] = queue
			units -= len(done)
	for task in (task, *gets):
		task.cancel()


asyncio.run(main())
