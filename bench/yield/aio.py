# SPDX-License-Identifier: MIT

"""One sleep(0) among so many asyncio tasks."""

import asyncio

from bench import Bench

is_over = False


async def worker():
	while not is_over:
		await asyncio.sleep(0)


async def main():
	global is_over
	bench = Bench('yield')
	bench.ops_per_unit = bench.param
	workers = [asyncio.create_task(worker()) for _ in range(bench.param - 1)]
	while units := bench.next():
		for _ in range(units):
			await asyncio.sleep(0)
	is_over = True
	await asyncio.gather(*workers)


asyncio.run(main())
