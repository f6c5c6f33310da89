# SPDX-License-Identifier: MIT

"""The same server on uvloop."""

import asyncio

import uvloop

import aio

uvloop.install()
asyncio.run(aio.main())
