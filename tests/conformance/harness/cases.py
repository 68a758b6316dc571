# SPDX-License-Identifier: Apache-2.0
"""How a test is written down, and one of them is run.

  @test
  def a_new_queue_is_empty(sqs): ...                       its name is the sentence

  @test(cases={"a space": "a b", "a dot": "a.b"})          one test for each; the value is the second
  def a_queue_name_is_refused_that_has(sqs, name): ...     argument, or a tuple of those that follow

Options: needs=      an ability that not every client has (`abilities` of the clients): others skip it
         options=    of the server: a test may want one of its own kind
         durable=    it gets a Restarts in place of an Sqs; in memory it is skipped"""
import dataclasses
import pathlib
import tempfile

from .facade import Sqs, Where
from .server import Server

collected = []


@dataclasses.dataclass
class Case:
    name: str
    work: object  # the function, but for its first argument
    needs: str | None = None
    options: tuple = ()
    durable: bool = False


def test(function=None, *, cases=None, **options):
    """The decorator."""
    def collect(function):
        file = pathlib.Path(function.__code__.co_filename).stem
        sentence = function.__name__.replace("_", " ")
        for label, given in cases.items() if cases is not None else [(None, ())]:
            given = given if isinstance(given, tuple) else (given,)
            name = f"{file}: {sentence}" + (f": {label}" if label is not None else "")
            collected.append(Case(name, lambda first, given=given: function(first, *given), **options))
        return function
    return collect(function) if function else collect


class Restarts:
    """A folder, and a server on it that can be killed and started again."""

    def __init__(self, client, folder, options):
        self.client, self.folder, self.options, self.server = client, folder, options, None

    def restart(self):
        """Kills the server, if there is one, and starts one on what it left: an Sqs for it."""
        self.kill()
        self.server = Server(self.folder, self.options)
        return Sqs(self.client, Where(self.server.url))

    def kill(self):
        if self.server:
            self.server.kill()


def run_case(case, client, servers):
    if not case.durable:
        case.work(Sqs(client, Where(servers.url(case.options))))
        return
    with tempfile.TemporaryDirectory(prefix="selvage-") as folder:
        restarts = Restarts(client, folder, case.options)
        try:
            case.work(restarts)
        finally:
            restarts.kill()
