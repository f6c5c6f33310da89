# SPDX-License-Identifier: MIT

"""Create one asyncio task and await it."""

import asyncio

from bench import Bench


async def child():
	return 1


async def main():
	bench = Bench('spawn')
	while units := bench.next():
		for _ in range(units):
			await asyncio.create_task(child())


asyncio.run(main())
