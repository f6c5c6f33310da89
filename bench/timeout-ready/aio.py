# SPDX-License-Identifier: MIT

"""asyncio.timeout around the get of an item that is there."""

import asyncio

from bench import Bench


async def main():
	bench = Bench('timeout-ready')
	queue = asyncio.Queue(1)
	sent = 0
	while units := bench.next():
		for _ in range(units):
			await queue.put(sent)
			async with asyncio.timeout(1):
				item = await queue.get()
			assert item == sent
			sent += 1


asyncio.run(main())
