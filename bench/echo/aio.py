# SPDX-License-Identifier: MIT

"""An echo server: a coroutine for each connection."""

import asyncio
import sys


async def echo(reader, writer):
	try:
		while data := await reader.read(int(sys.argv[2])):
			writer.write(data)
			await writer.drain()
	except ConnectionError:
		pass
	writer.close()


async def main():
	server = await asyncio.start_server(echo, '127.0.0.1', int(sys.argv[1]))
	await server.serve_forever()


if __name__ == '__main__':
	asyncio.run(main())
