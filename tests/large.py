"""Studies of many projects, made from the starter study."""

from pathlib import Path

STARTER = Path(__file__).parents[1] / "engine" / "spvrisk" / "data" / "starter.yaml"


def _parts() -> tuple[str, str, str]:
    """Text of the starter study before its projects, of its plant without a name, and after its projects."""
    head, projects = STARTER.read_text(encoding="utf-8").split("\nprojects:\n")
    projects, tail = projects.split("\nrun:")
    return head, projects.split("  port:")[0].partition("\n")[2], tail


def table_study(folder: Path, n: int) -> Path:
    """Write a study whose projects are rows of a table."""
    head, plant, tail = _parts()
    template = "".join(f"  {line}\n" for line in plant.splitlines())
    study = folder / "study.yaml"
    study.write_text(f"{head}\nprojects:\n  table: many.csv\n  template:\n{template}\nrun:{tail}", encoding="utf-8")
    rows = "".join(f"p{i},{100 + i}\n" for i in range(n))
    (folder / "many.csv").write_text(f"name,budget\n{rows}", encoding="utf-8")
    return study


def written_out_study(folder: Path, n: int) -> Path:
    """Write a study whose projects are all written out."""
    head, plant, tail = _parts()
    study = folder / "study.yaml"
    projects = "".join(f"  p{i}:\n{plant}" for i in range(n))
    study.write_text(f"{head}\nprojects:\n{projects}\nrun:{tail}", encoding="utf-8")
    return study
