"""The workers of a run on a cluster: who is there, who may be asked for shards, and who has computed how many."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple


class Machine(NamedTuple):
    """A worker that has computed shards of a run.

    Attributes
    ----------
    host, processor
        Names of the machine and of its processor.
    target, self_test
        What its machine code was made for, and what its self-test said.
    version
        Of spvrisk.
    threads
        That it computes with.
    shards
        Number of the shards that it has computed.
    """

    host: str
    processor: str
    target: str
    self_test: str
    version: str
    threads: int
    shards: int = 0


class Crew:
    """The workers of a run.

    Attributes
    ----------
    present, able
        Threads of those that are there, and of those of them that may be asked for shards, by address.
    threads
        Of all of them that may be asked.
    strangers
        Whether some are there that may not be asked, or not yet.
    """

    def __init__(self) -> None:
        self._met, self._refused, self._shards = dict[str, Machine](), dict[str, str](), Counter[str]()
        self._forgetful = set[str]()
        self.see({})

    def see(self, present: Mapping[str, int]) -> None:
        """Note who is there.

        Parameters
        ----------
        present
            Threads of each, by address.
        """
        known = self._met.keys() - self._refused.keys() - self._forgetful
        self.present, self.able = present, {address: n for address, n in present.items() if address in known}
        self.threads, self.strangers = sum(self.able.values()), len(self.able) < len(present)

    def unknown(self) -> set[str]:
        """Those who have not been greeted."""
        return self.present.keys() - self.able.keys() - self._refused.keys()

    def take_on(self, address: str, machine: Machine) -> None:
        """Note that a worker may be asked.

        Parameters
        ----------
        address
            As the scheduler knows it.
        machine
            What it has said of itself.
        """
        self._met[address] = machine
        self._forgetful.discard(address)
        self.see(self.present)

    def refuse(self, address: str, reason: str) -> None:
        """Note that a worker may not be asked.

        Parameters
        ----------
        address
            As the scheduler knows it.
        reason
            Why, in a sentence with its address.
        """
        self._refused[address] = reason

    def forget(self, address: str) -> None:
        """Note that a worker must be greeted again.

        Parameters
        ----------
        address
            As the scheduler knows it.
        """
        self._forgetful.add(address)
        self.see(self.present)

    def count(self, address: str) -> None:
        """Note that a worker has computed a shard.

        Parameters
        ----------
        address
            As the scheduler knows it.
        """
        self._shards[address] += 1

    def refused(self) -> list[str]:
        """Why workers that are there may not be asked."""
        return [reason for address, reason in self._refused.items() if address in self.present]

    def machines(self) -> list[Machine]:
        """Those who have computed shards."""
        return [self._met[address]._replace(shards=n) for address, n in self._shards.items()]
