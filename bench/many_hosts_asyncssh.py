"""The peer of many_hosts_idle.lua: the same arguments, the same work."""
import asyncio
import sys

import asyncssh


async def run(host, port, user, key, known_hosts):
    async with asyncssh.connect(host, port, username=user, client_keys=[key], known_hosts=known_hosts,
                                agent_path=None, config=None, connect_timeout=60, login_timeout=60) as connection:
        await connection.run("true", check=True)


async def main(hosts, *options):
    with open(hosts) as lines:
        places = [line.split() for line in lines]
    await asyncio.gather(*(run(host, int(port), *options) for host, port in places))


asyncio.run(main(*sys.argv[1:]))
