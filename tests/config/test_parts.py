"""Parts of a study, each as far as it is sound by itself."""

from pathlib import Path

import pytest

from spvrisk.config import Study, load
from spvrisk.config.study.construction import Construction
from spvrisk.config.study.factors import Correlation, Factor
from spvrisk.config.study.flows import SideFlow
from spvrisk.config.study.head import StudyHead
from spvrisk.config.study.parts import Parts
from spvrisk.config.study.projects import Pipeline, ProjectTemplate
from spvrisk.config.study.root import CHECKS, WARNINGS, with_titles
from spvrisk.config.study.selection import Funding

STARTER = Path(__file__).parents[2] / "engine" / "spvrisk" / "data" / "starter.yaml"
LOADED = load(STARTER)


def written(*changes):
    return with_titles(load(STARTER, changes).places.given() if changes else LOADED.places.given())


@pytest.mark.parametrize("study", [LOADED.study, written()], ids=["sound", "written"])
def test_parts__are_where_the_fields_of_a_study_lead(study):
    parts = Parts(Study, study)
    whole = LOADED.study
    assert parts.one(StudyHead) == whole.study and parts.one(Funding) == whole.agreement.funding
    assert parts.one(Correlation) == whole.correlation
    assert parts.named(Factor) == whole.factors and list(parts.named(Factor)) == list(whole.factors)
    assert parts.placed(ProjectTemplate) == {("projects", name): item for name, item in whole.projects.items()}
    assert parts.placed(Construction) == {
        ("projects", name, "construction"): project.construction for name, project in whole.projects.items()
    }
    flows = {(*at, "side_flows", name): flow for at, site in whole.sites() for name, flow in site.side_flows.items()}
    assert parts.placed(SideFlow) == {
        **{("side_flows", name): flow for name, flow in whole.side_flows.items()},
        **flows,
    }
    assert parts.named(Pipeline) == {} and parts.names("pipelines") == ()


def test_parts__what_is_left_out_has_its_default():
    given = written()
    given.pop("correlation", None)
    assert Parts(Study, given).one(Correlation) == Correlation()


def test_parts__of_a_faulty_part_the_name_is_known_and_what_is_sound_in_it():
    given = written()
    given["projects"] = {**given["projects"], "port": {**given["projects"]["port"], "budget": "much"}}
    parts = Parts(Study, given)
    assert parts.names("projects") == tuple(LOADED.study.projects)
    assert parts.placed(ProjectTemplate)["projects", "port"] is None
    assert parts.placed(Construction)["projects", "port", "construction"] == LOADED.study.projects["port"].construction
    assert Parts(Study, {"projects": 3}).names("projects") == ()
    assert Parts(Study, {"projects": {"port": 3}}).placed(Construction) == {}


def test_sections__are_all_asked():
    import pkgutil

    from spvrisk.config import study

    modules = [f"{study.__name__}.{item.name}" for item in pkgutil.iter_modules(study.__path__)]
    for name, asked in (("checks", CHECKS), ("warnings", WARNINGS)):
        having = {m for m in modules if hasattr(__import__(m, fromlist=["_"]), name) and not m.endswith(".root")}
        assert having == {function.__module__ for function in asked}
