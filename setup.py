"""What setup.cfg cannot say: a wheel carries the studies of configs/, which stays their one place."""

from pathlib import Path
from shutil import copytree

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithStudies(build_py):
    """Puts the studies into the package; an installation to edit reads them where they are."""

    def run(self):
        """Build."""
        super().run()
        if not self.editable_mode:
            copytree("configs", Path(self.build_lib, "spvrisk", "studies"), dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithStudies})
