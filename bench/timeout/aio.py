# SPDX-License-Identifier: MIT

"""asyncio.timeout around a call that suspends once."""

import asyncio

from bench import Bench


async def main():
	bench = Bench('timeout')
	while units := bench.next():
		for _ in range(units):
			async with asyncio.timeout(1):
				await asyncio.sleep(0)


asyncio.run(main())
