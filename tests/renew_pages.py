"""Play the pages again, and put what they print and draw in its place: ``python tests/renew_pages.py [PAGE...]``."""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

from played_pages import PLAYED, pictures, played


def renew(page: Path) -> None:
    """Put the texts and pictures of a page's commands in the place of those that it has."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        page.write_text(played(page.read_text(encoding="utf-8")), encoding="utf-8")
        for picture in pictures(page):
            picture.parent.mkdir(exist_ok=True)
            shutil.copyfile(picture.name, picture)


if __name__ == "__main__":
    for each in [Path(name).resolve() for name in sys.argv[1:]] or PLAYED:
        renew(each)
