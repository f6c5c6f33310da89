# SPDX-License-Identifier: MIT

"""Create so many asyncio tasks that block, cancel each, gather them."""

import asyncio

from bench import Bench


async def blocked():
	await asyncio.get_running_loop().create_future()


async def one_round(n):
	tasks = [asyncio.create_task(blocked()) for _ in range(n)]
	await asyncio.sleep(0)
	for task in tasks:
		task.cancel()
	await asyncio.gather(*tasks, return_exceptions=True)


async def main():
	bench = Bench('cancel')
	bench.ops_per_unit = bench.param
	while units := bench.next():
		for _ in range(units):
			await one_round(bench.param)


asyncio.run(main())
