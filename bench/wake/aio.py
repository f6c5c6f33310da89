# SPDX-License-Identifier: MIT

"""Two asyncio loops, each of which sleeps, call each other."""

import asyncio
import threading

from bench import Bench

here = asyncio.new_event_loop()
there = asyncio.new_event_loop()
left = 0


def ping():
	global left
	if left == 0:
		here.stop()
		return
	left -= 1
	there.call_soon_threadsafe(pong)


def pong():
	here.call_soon_threadsafe(ping)


def main():
	global left
	bench = Bench('wake')
	thread = threading.Thread(target=there.run_forever)
	thread.start()
	while units := bench.next():
		left = units
		here.call_soon(ping)
		here.run_forever()
	there.call_soon_threadsafe(there.stop)
	thread.join()
	there.close()
	here.close()


main()
