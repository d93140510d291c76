"""What stands beside a bar of progress."""

import datetime

from rich.progress import ProgressColumn, Task
from rich.text import Text

from spvrisk.catalogue import counted, translated


class SoFar(ProgressColumn):
    """How much is done, the time that it took, and that which is left.

    Parameters
    ----------
    total, thing
        How many of what there are to be done.
    """

    def __init__(self, total: int, thing: str) -> None:
        super().__init__()
        # looked up here: a bar is drawn by a thread of its own, which has a language of its own
        self._text, self._all = translated("{} of {} in {}, {} left"), counted(total, thing)

    def render(self, task: Task) -> Text:
        """Give the line."""
        done, *times = f"{int(task.completed):,}", _time(task.elapsed), _time(task.time_remaining)
        return Text(self._text.format(done, self._all, *times), no_wrap=True)


def _time(seconds: float | None) -> str:
    return "-:--:--" if seconds is None else f"{datetime.timedelta(seconds=int(seconds))}"
