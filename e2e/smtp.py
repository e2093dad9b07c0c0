"""A mail server for tests: aiosmtpd on a free port, which tells each message that it took as a line of JSON.

usage: python smtp.py <user> <password>

The first line that it prints is its port. It ends when its input does, so that it outlives no test. What it answers depends on the
address that a mail is for:

    unknown-…   550 for every such recipient
    later-…     451 for the first message to it, then taken
    full-…      552 for every message
    silent-…    the first message is taken and never answered
"""

import asyncio
import json
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = (word.encode() for word in sys.argv[1:3])


def tell(**line):
    print(json.dumps(line), flush=True)


def part(message, kind):
    """The text of the part of a kind, as a mail program would show it."""
    found = message.get_body(preferencelist=(kind,))
    return found.get_content() if found else None


class Handler:
    def __init__(self):
        self.seen = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown-"):
            tell(answer=550, recipients=[address])
            # As servers do, it repeats the address.
            return f"550 5.1.1 <{address}>: no such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        first = not self.seen.intersection(envelope.rcpt_tos)
        self.seen.update(envelope.rcpt_tos)
        word = envelope.rcpt_tos[0].split("-")[0]
        answer = {"later": 451 if first else 250, "full": 552, "silent": 0 if first else 250}.get(word, 250)
        message = message_from_bytes(envelope.content, policy=policy.default)
        tell(
            answer=answer,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            greeted=session.host_name,
            names=[name for name in message.keys()],
            headers={name: str(value) for name, value in message.items()},
            to=[address.addr_spec for address in message["to"].addresses],
            parts=[part.get_content_type() for part in message.walk()],
            text=part(message, "plain"),
            html=part(message, "html"),
            raw=envelope.content.decode("ascii"),
        )
        if answer == 0:
            await asyncio.sleep(3600)
        words = {250: "2.0.0 taken", 451: "4.7.1 greylisted, try again", 552: "5.2.2 mailbox full"}
        return f"{answer} {words[answer]} <{envelope.rcpt_tos[0]}>"


def login(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=good, handled=False)


async def main():
    loop = asyncio.get_running_loop()
    handler = Handler()

    def session():
        return SMTP(handler, authenticator=login, auth_required=True, auth_require_tls=False, loop=loop)

    server = await loop.create_server(session, "127.0.0.1", 0)
    tell(port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
