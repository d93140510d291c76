"""Network namespaces of Linux, joined by a bridge: machines for tests, as far as sockets can tell."""

import subprocess
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

BRIDGE, NET = "spvrisk0", "10.213.7"


class Node(NamedTuple):
    """A namespace: its address, and what is put before a command that is to run in it."""

    host: str
    within: tuple[str, ...]


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextmanager
def namespaces(n):
    """Make so many; raises where that is not allowed here."""
    with ExitStack() as stack:
        ip("link", "add", BRIDGE, "type", "bridge")
        stack.callback(ip, "link", "del", BRIDGE)
        ip("addr", "add", f"{NET}.1/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        yield [_made(f"spvrisk{i}", f"{NET}.{i + 10}", stack) for i in range(n)]


def _made(name, host, stack):
    ip("netns", "add", name)
    stack.callback(ip, "netns", "del", name)
    ip("link", "add", f"{name}v", "type", "veth", "peer", "name", "eth0", "netns", name)
    ip("link", "set", f"{name}v", "master", BRIDGE, "up")
    for words in (
        ("addr", "add", f"{host}/24", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
        ("link", "set", "lo", "up"),
    ):
        ip("-n", name, *words)
    return Node(host, ("ip", "netns", "exec", name))


def without(folder, within):
    """What is put before a command that is to see nothing in a folder."""
    return (*within, "unshare", "-m", "sh", "-c", 'mount -t tmpfs tmpfs "$0" && exec "$@"', str(folder))
