# SPDX-License-Identifier: MIT

"""Gather so many asyncio tasks."""

import asyncio

from bench import Bench


async def child():
	return 1


async def main():
	bench = Bench('gather')
	bench.ops_per_unit = bench.param
	while units := bench.next():
		for _ in range(units):
			await asyncio.gather(*[child() for _ in range(bench.param)])


asyncio.run(main())
