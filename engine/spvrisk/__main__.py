"""``python -m spvrisk``."""

from spvrisk.cli import main

if __name__ == "__main__":
    main(prog_name="spvrisk")
