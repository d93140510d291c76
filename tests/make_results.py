"""Make result files of the present schema, which every later version must read: ``python tests/make_results.py``.

They go to ``tests/data/schema<number>``, compressed, with some of their figures as h5py finds them. Files that are
there stay: once a version is released that writes a schema, its files are never made again. The folder of a schema that
no release has written is deleted first, to have its files made anew.
"""

import io
import json
import lzma
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from ruamel.yaml import YAML

import spvrisk
from every_clause.changes import example_study
from every_clause.stack_and_terms import with_catch_up, with_stack
from every_clause.whole_deal import with_selection
from spvrisk.dataset.schema import SCHEMA_VERSION
from spvrisk.plan.compile import compile_study

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "data"
STARTER = Path(spvrisk.__file__).parent / "data" / "starter.yaml"
FIGURES = "figures.json"
KEPT = ("summary", "conditional", "timeline", "paths", "inputs", "uncertainty")


def starter(folder: Path) -> spvrisk.Study:
    """The study that ships: an event, a regime, a funder with a currency of its own; what is kept is the default."""
    return spvrisk.load(STARTER)


def written(study: Mapping[str, Any], folder: Path) -> spvrisk.Study:
    """A study that is given as a mapping."""
    text, file = io.StringIO(), folder / "study.yaml"
    YAML(typ="rt").dump(study, text)
    file.write_text(text.getvalue(), encoding="utf-8")
    return spvrisk.load(file)


def plant(folder: Path) -> spvrisk.Study:
    """One project, neither regimes nor events, no currency but one."""
    return spvrisk.load(ROOT / "configs" / "vogtle_2009.yaml")


def pipeline(folder: Path) -> spvrisk.Study:
    """Projects that come from a pipeline: columns of counts."""
    return spvrisk.load(FOLDER / "pipeline.yaml")


def everything(folder: Path) -> spvrisk.Study:
    """All that outputs depend on: loans, an insurer with capital and capacity, a catch-up; every quantity by path."""
    study = with_catch_up(with_stack(with_selection(example_study()), {}), share=0.7, until="amount")
    labels = compile_study(written(study, folder).config)[1]
    study["output"] = {
        "quantiles": [0.1, 0.5, 0.9],
        "risk_levels": [0.9],
        "paths": [*labels.quantities, *labels.scheme, *(f"inputs.{name}" for name in labels.inputs)],
    }
    return written(study, folder)


def uncertain(folder: Path) -> spvrisk.Study:
    """The study that ships, with outer runs over two uncertain inputs."""
    text = f"""{STARTER.read_text(encoding="utf-8")}
uncertain:
  port_cost:
    law: {{value: {{triangular: {{min: 0.8, mode: 1, max: 1.6}}}}, source: a builder, confidence: reported}}
    moves: {{projects.port.budget: {{times: x}}}}
    title: {{en: "Port, budget", ja: 港の予算}}
  gas: {{law: {{uniform: {{min: 0.8, max: 1.2}}}}, moves: {{factors.gas.process.ou.mean.value: {{times: x}}}}}}
  correlation: {{port_cost: {{gas: 0.3}}}}
"""
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return spvrisk.load(folder / "study.yaml", {"run.uncertainty": {"outer": 30, "inner": 128}})


STUDIES: dict[str, tuple[Callable[[Path], spvrisk.Study], int]] = {
    "starter": (starter, 300),
    "plant": (plant, 300),
    "pipeline": (pipeline, 300),
    "everything": (everything, 20),
    "uncertain": (uncertain, 300),
}
"""Studies, and how many paths each has."""


def figures(file: Path) -> dict[str, Any]:
    """Some of the numbers of a result, and what it says of itself."""
    with h5py.File(file) as opened:
        said = ("content_sha256", "seed", "title", "currency", "engine_version")
        about = {name: opened.attrs[name].decode() for name in said}
        values = {
            f"{group}/{name}": np.asarray(item[:3]).ravel().tolist()
            for group in KEPT
            for name, item in opened.get(group, {}).items()
            if item.dtype.kind == "f" and item.dtype.byteorder != ">" and item.ndim and np.isfinite(item[:3]).all()
        }
    return {"attributes": about, "values": dict(list(values.items())[::7])}


def main() -> None:
    """Make the files that are not there."""
    folder = FOLDER / f"schema{SCHEMA_VERSION}"
    folder.mkdir(exist_ok=True)
    place = folder / FIGURES
    known = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    for name, (study, paths) in STUDIES.items():
        packed = folder / f"{name}.h5.xz"
        if not packed.exists():
            with tempfile.TemporaryDirectory() as made:
                file = Path(made) / f"{name}.h5"
                spvrisk.run(study(Path(made)), paths=paths, seed=20261201, out=file).close()
                known[name] = figures(file)
                packed.write_bytes(lzma.compress(file.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
            print(f"{packed}: {packed.stat().st_size / 1e3:,.0f} kB")
    place.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
