# SPDX-License-Identifier: MIT

"""So many asyncio tasks take turns with one Lock and yield while they hold it."""

import asyncio

from bench import Bench

count = 0


async def worker(lock, units, is_contended):
	global count
	for _ in range(units):
		async with lock:
			count += 1
			if is_contended:
				await asyncio.sleep(0)


async def main():
	global count
	bench = Bench('lock')
	n = bench.ops_per_unit = bench.param
	lock = asyncio.Lock()
	while units := bench.next():
		count = 0
		await asyncio.gather(*[worker(lock, units, n > 1) for _ in range(n)])
		assert count == n * units


asyncio.run(main())
