"""An SMTP server for tests: keeps what it accepts, one file for each message.

Usage: smtp_server.py PORT DIRECTORY [REFUSED]

A recipient whose address contains REFUSED is answered with 550. A line on standard output tells that it listens.
"""

import asyncio
import itertools
import os
import sys

from aiosmtpd.controller import UnthreadedController


class Keeper:
    def __init__(self, directory, refused):
        self.directory = directory
        self.refused = refused
        self.numbers = itertools.count()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refused and self.refused in address:
            return "550 5.1.1 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        name = "%d-%d" % (os.getpid(), next(self.numbers))
        hidden = os.path.join(self.directory, "." + name)
        with open(hidden, "wb") as file:
            file.write(envelope.content)
        os.rename(hidden, os.path.join(self.directory, name))
        return "250 OK"


def main():
    port, directory = int(sys.argv[1]), sys.argv[2]
    refused = sys.argv[3] if len(sys.argv) > 3 else None
    loop = asyncio.new_event_loop()
    keeper = Keeper(directory, refused)
    controller = UnthreadedController(keeper, hostname="127.0.0.1", port=port, loop=loop)
    controller.begin()
    print("listening", flush=True)
    loop.run_forever()


main()
