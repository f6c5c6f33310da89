# SPDX-License-Identifier: MIT

"""A call that does nothing, on a thread of asyncio's executor."""

import asyncio

from bench import Bench


def empty():
	return 1


async def main():
	bench = Bench('to_thread')
	while units := bench.next():
		for _ in range(units):
			assert await asyncio.to_thread(empty) == 1


asyncio.run(main())
