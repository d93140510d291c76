"""The clock path by path: when what happens, to which regime, and why.

Oracles: the reference's event loop (times equal to 1e-9 years), and studies whose order or times follow from section 4
of the model page by hand.
"""

from datetime import date
from math import log1p
from types import SimpleNamespace

import numpy as np
import pytest
from ruamel.yaml import YAML

import reference as ref
from engine_runs import KernelScores, compiled, table_values
from every_clause import VARIANTS, example_study
from spvrisk.kernel import run as kernel
from studies import BARE, changed

SEED = 11
PATHS = 96
NEAR = 1e-9
CAUSES = ("happened", "event", "clock", "hazard", "decline", "deal")


def study_of(text, **head):
    """The bare plant in a world that is written as YAML."""
    world = YAML(typ="safe", pure=True).load(text)
    plant = {"notice_date": head.get("value_date", BARE["study"]["value_date"])}
    return changed(BARE, study=head, projects={"plant": plant}, **world)


ONE_DAY = study_of(
    """
regimes:
  # 2026-02-24 + 150 and 2026-03-01 + 145 days are both 2026-07-24
  general:
    initial: {state: s122, since: 2026-02-24}
    states: {s122: {expires: {after_days: 150, outcome: {deal: 0.5, gap: 0.5}}}, gap: {}, deal: {}}
    hazards: {s122: {gap: 1.0}, gap: {deal: 2.0}}
  autos:
    initial: {state: kept, since: 2026-03-01}
    states: {kept: {expires: {after_days: 145, outcome: {cut: 0.6, raised: 0.4}}}, cut: {}, raised: {}}
    hazards: {kept: {cut: 0.5}, raised: {cut: 1.5}}
events:
  echo:      # first in config, but not pending before the ruling has taken place
    date: {after: ruling, days: 0}
    outcomes: {loud: {}, soft: {}}
    probabilities: [{when: {outcomes: {vote: left}}, is: {loud: 1, soft: 0}}, {is: {loud: 0.5, soft: 0.5}}]
  ruling:
    date: 2026-07-24
    outcomes: {struck: {moves: {general: gap}}, upheld: {moves: {autos: kept}}}
    probabilities: {struck: 0.5, upheld: 0.5}
  vote:
    date: {from: 2026-07-20, days: 3.5}
    outcomes: {left: {moves: {autos: raised}}, right: {}}
    probabilities:
      - {when: {outcomes: {echo: loud}}, is: {left: 0.7, right: 0.3}}
      - {is: {left: 0.2, right: 0.8}}
"""
)
"""Two events, one that follows on the same day, and two expiries, all on 2026-07-24."""

SCALED = study_of(
    """
regimes:
  mood:
    initial: {state: calm, since: 2026-03-31}
    states: {calm: {}, tense: {}, war: {expires: {after_days: 10, outcome: {calm: 0.5, tense: 0.5}}}}
    hazards: {calm: {tense: 0.4, war: 0.2}, tense: {calm: 0.3, war: 0.9}, war: {tense: 20}}
events:
  talks:
    date: 2026-10-01
    outcomes:
      freeze: {scale_hazards: {mood: {calm: {tense: 0, war: 0}, tense: {war: 0}}}}
      heat: {scale_hazards: {mood: {calm: {tense: 100}, tense: {calm: 100, war: 0.5}}}}
    probabilities: {freeze: 0.5, heat: 0.5}
  summit:
    date: {after: talks, days: {discrete: {values: [0, 30, 30.2, 2000], probabilities: [0.4, 0.2, 0.2, 0.2]}}}
    outcomes: {calmer: {scale_hazards: {mood: {tense: {calm: 3}}}}, nothing: {}}
    probabilities: {calmer: 0.8, nothing: 0.2}
""",
    horizon_years=3,
)
"""Hazards scaled by 0 and by 100, and a state that ends 10 days after a jump into it inside a step."""

CLAMPED = study_of(
    """
regimes:
  mood:
    initial: {state: calm, since: 2027-12-15}
    states:
      calm: {expires: {after_days: 76, outcome: {tense: 1}}}   # 2028-02-29
      tense: {expires: {after_days: 1, outcome: {calm: 0.4, wary: 0.6}}}
      wary: {}
    hazards: {calm: {tense: 6.0}, wary: {calm: 9.0}}
  price:
    initial: {state: low, since: 2027-12-15}
    states: {low: {}, mid: {}, high: {expires: {after_days: 1, outcome: {low: 0.5, mid: 0.5}}}}
    hazards: {low: {high: 3.0}}
events:
  second: {date: 2028-02-29, outcomes: {up: {moves: {price: high}}, down: {}}, probabilities: {up: 0.7, down: 0.3}}
  first:
    date: {from: 2028-02-01, days: {uniform: {min: 0, max: 60}}}
    outcomes: {up: {moves: {price: high, mood: calm}}, down: {moves: {price: low}}}
    probabilities: [{when: {regimes: {price: high}}, is: {up: 0, down: 1}}, {is: {up: 0.5, down: 0.5}}]
  third: {date: {after: first, days: 0}, outcomes: {so: {moves: {mood: tense}}}, probabilities: {so: 1}}
""",
    value_date="2028-01-31",
    steps_per_year=12,
)
"""Steps that begin on clamped month ends, a leap day, states of one day."""

STUDIES = {
    **{name: VARIANTS[name](example_study()) for name in ("rulings", "rulings_yearly", "rulings_monthly")},
    "one_day": ONE_DAY,
    "scaled": SCALED,
    "clamped": CLAMPED,
}


def logs(done, n):
    """The kernel's log of each path, run by itself: (time, cause, item, before, after); and its values."""
    at, work = kernel.make_work(done.plan)
    for path in range(n):
        leaf = kernel.make_leaf(done.plan, len(done.labels.series), False, changes=kernel.MOST_CHANGES)
        kernel.run_paths(done.plan, at, work, leaf, *(np.uint64(x) for x in (SEED, path, 0, 1)))
        rows = [row for row in leaf.log[1 : 1 + int(leaf.log[0, 0])] if CAUSES[int(row[1])] != "deal"]
        values = dict(zip(done.labels.series, leaf.values[:, 0].tolist(), strict=True))
        yield [(time, CAUSES[int(cause)], int(k), int(a), int(b)) for time, cause, k, a, b in rows], values


def by_name(study, log):
    """Jumps and what took place of a log as the reference tells them, and all of it in order as short words."""
    numbered = [(regime, state) for regime, body in study["regimes"].items() for state in body["states"]]
    regimes, events = list(study["regimes"]), list(study["events"])
    jumps, happened, words, last = [], {}, [], None
    for time, cause, item, before, after in log:
        if cause == "happened":
            last = events[item]
            assert last not in happened and before == -1
            happened[last] = time, after
            words.append((time, f"{last}={list(study['events'][last]['outcomes'])[after]}"))
            continue
        (of, left), (to, entered) = numbered[before], numbered[after]
        assert of == to == regimes[item]
        why = f"event:{last}" if cause == "event" else cause
        jumps.append((time, of, left, entered, why))
        words.append((time, f"{of}:{left}>{entered} {why}"))
    return jumps, happened, words


@pytest.fixture(scope="module", params=STUDIES)
def told(request, tmp_path_factory):
    """A study, what the kernel's log tells of each path, and the reference's world."""
    study = STUDIES[request.param]
    done = compiled(study, tmp_path_factory.mktemp(request.param))
    head = study["study"]
    clock = ref.Calendar(ref.as_date(head["value_date"]), head["steps_per_year"], float(head["horizon_years"]))
    world = ref.simulate_world(study, clock, np.arange(PATHS), KernelScores(SEED), table_values(study, done.plan))
    runs = [(*by_name(study, log), values) for log, values in logs(done, PATHS)]
    return SimpleNamespace(name=request.param, study=study, world=world, runs=runs)


def test_jumps__those_of_the_reference(told):
    seen = set()
    for path, (jumps, *_) in enumerate(told.runs):
        expected = told.world.jumps[path]
        assert [jump[1:] for jump in jumps] == [jump[1:] for jump in expected], path
        off = [abs(jump[0] - other[0]) for jump, other in zip(jumps, expected, strict=True)]
        assert max(off, default=0.0) <= NEAR, path
        seen |= {jump[4].partition(":")[0] for jump in jumps}
    assert seen == {"event", "clock", "hazard"} - ({"event"} if told.name == "scaled" else set())


def test_events__times_and_outcomes_of_the_reference(told):
    outcomes = set()
    for path, (_, happened, _, values) in enumerate(told.runs):
        for event in told.study["events"]:
            time, outcome = told.world.happened[event][path], told.world.outcomes[event][path]
            # what took place before the value date is no news: it is not in the log
            assert (event in happened) == (time >= 0.0), (path, event)
            if event in happened:
                assert abs(happened[event][0] - time) <= NEAR and happened[event][1] == outcome, (path, event)
            code = values["scheme", f"outcome_{event}"]
            assert (np.isnan(code) and outcome == -1) or code == outcome
            outcomes.add((event, int(outcome)))
    assert len(outcomes) > len(told.study["events"])


def test_log__is_in_order_of_time_and_whole(told):
    """Each regime's jumps join up from its first state to its final one; times never go back."""
    for jumps, _, words, values in told.runs:
        times = [time for time, _ in words]
        assert times == sorted(times) and all(0 <= time < told.study["study"]["horizon_years"] for time in times)
        for regime, body in told.study["regimes"].items():
            here = body["initial"]["state"]
            for _, of, before, after, _ in jumps:
                if of == regime:
                    assert before == here != after
                    here = after
            assert list(body["states"])[int(values["scheme", f"final_state_{regime}"])] == here


def test_one_day__events_then_expiries_in_config_order(tmp_path):
    """By hand: ruling, its moves, echo (first in config once it is pending), vote, its move, general, autos."""
    done, tie = compiled(ONE_DAY, tmp_path), 0.25 * (1 + 24 / 92)  # day 24 of the step from 06-30 to 09-30
    kinds = set()
    for log, _ in logs(done, 4 * PATHS):
        jumps, happened, words = by_name(ONE_DAY, log)
        before = {"general": "s122", "autos": "kept"} | {of: to for time, of, _, to, _ in jumps if time < tie - NEAR}
        today = [word for time, word in words if abs(time - tie) <= NEAR]
        outcome = {e: list(ONE_DAY["events"][e]["outcomes"])[o] for e, (_, o) in happened.items()}
        assert all(abs(time - tie) <= NEAR for time, _ in happened.values())
        expected, here = [f"ruling={outcome['ruling']}"], dict(before)
        if outcome["ruling"] == "struck" and here["general"] != "gap":
            expected.append(f"general:{here['general']}>gap event:ruling")
            here["general"] = "gap"
        if outcome["ruling"] == "upheld" and here["autos"] != "kept":
            expected.append(f"autos:{here['autos']}>kept event:ruling")
            here["autos"] = "kept again"  # entered today: its 145 days begin
        expected += [f"echo={outcome['echo']}", f"vote={outcome['vote']}"]
        if outcome["vote"] == "left":
            expected.append(f"autos:{here['autos'].partition(' ')[0]}>raised event:vote")
            here["autos"] = "raised"
        expected += ["general expires"] * (here["general"] == "s122") + ["autos expires"] * (here["autos"] == "kept")
        short = [f"{word.partition(':')[0]} expires" if word.endswith("clock") else word for word in today]
        assert short == expected
        kinds.add(tuple(expected))
    assert any(kind[-2:] == ("general expires", "autos expires") for kind in kinds)
    assert any(kind[-1] == "vote=right" for kind in kinds) and len(kinds) >= 12


def test_scaled__first_jump_by_hand(tmp_path):
    """The threshold E is used up at 0.6 a year until the talks, then at 0 (freeze) or at 40.2 (heat)."""
    done, talks = compiled(SCALED, tmp_path), 0.25 * (2 + 1 / 92)
    outcomes = {name: o for o, name in enumerate(SCALED["events"]["talks"]["outcomes"])}
    draws, paths = ref.Draws(SEED), np.arange(PATHS)
    hold, to = (draws.uniforms(f"regime/mood/{what}", 0, paths) for what in ("hold", "to"))
    seen = set()
    for path, (log, _) in enumerate(logs(done, PATHS)):
        jumps, happened, _ = by_name(SCALED, log)
        rest = -log1p(-hold[path]) - 0.6 * talks
        frozen = happened["talks"][1] == outcomes["freeze"]
        if rest > 0 and frozen:
            assert jumps == []
            seen.add("frozen")
            continue
        early = rest <= 0
        rates = (0.4, 0.2) if early else (40.0, 0.2)
        time, _, before, after, why = jumps[0]
        assert abs(time - (talks + rest / 0.6 if early else talks + rest / 40.2)) <= NEAR
        assert (before, why) == ("calm", "hazard")
        assert after == ("tense" if to[path] < rates[0] / sum(rates) else "war")
        seen.add((early, after))
        if frozen:  # from then on nothing leaves calm, and tense only to calm
            assert {(a, b) for time, _, a, b, why in jumps if time > talks and why == "hazard"} <= {
                ("tense", "calm"),
                ("war", "tense"),
            }
    assert seen >= {"frozen", (True, "tense"), (True, "war"), (False, "tense")}


def test_scaled__state_entered_inside_a_day_ends_at_a_days_start(tmp_path):
    """10 days from the next midnight; 2026-03-31 and 06-30 are 91 days apart, then 92, 92, 90, ..."""
    done, seen = compiled(SCALED, tmp_path), 0
    ends = [date(2026 + (3 * k + 2) // 12, (3 * k + 2) % 12 + 1, (31, 30, 30, 31)[k % 4]) for k in range(13)]
    days = [day.toordinal() for day in ends]

    def day_of(time):
        t = min(int(time * 4 + 1e-9), 11)
        return days[t] + (time * 4 - t) * (days[t + 1] - days[t])

    for log, _ in logs(done, PATHS):
        jumps, *_ = by_name(SCALED, log)
        for (entry, *_, into, _), (left, _, _, _, why) in zip(jumps, jumps[1:], strict=False):
            if into == "war":
                due = np.ceil(day_of(entry) - 1e-6) + 10
                assert day_of(left) == pytest.approx(due, abs=1e-6) if why == "clock" else day_of(left) < due
                seen += why == "clock"
    assert seen > 20


def test_clamped__leap_day_and_month_ends_by_hand(tmp_path):
    """Steps from 2028-01-31: 29 days to 02-29, 31 to 03-31, 30 to 04-30; both fixed dates are the start of step 1."""
    done, leap_day = compiled(CLAMPED, tmp_path), 1 / 12
    seen = set()
    for log, _ in logs(done, PATHS):
        jumps, happened, words = by_name(CLAMPED, log)
        assert abs(happened["second"][0] - leap_day) <= NEAR
        assert happened["third"][0] == happened["first"][0]
        order = [word.partition("=")[0] for _, word in words if "=" in word]
        assert order.index("third") == order.index("first") + 1
        calm = "calm"
        for time, of, _, after, why in jumps:
            if of == "mood" and time < leap_day - NEAR:
                calm = None  # it has left the state of the value date
            if calm and of == "mood" and abs(time - leap_day) <= NEAR and why == "clock":
                seen.add("expired")
                assert after == "tense"
        # the first event lies at a day's start: 02-01 is day 1 of the step of 29 days
        time = happened["first"][0] * 12
        length, into = ((29, time), (31, time - 1), (30, time - 2))[int(time + 1e-9)]
        assert length * into == pytest.approx(round(length * into), abs=1e-6) and time >= 1 / 29 - NEAR
        for at, word in words:
            if abs(at - leap_day) <= NEAR and word.startswith("second"):
                later = [other for when, other in words[words.index((at, word)) :] if when <= at + NEAR]
                assert not any("hazard" in other for other in later)
                seen.add(word)
    assert seen == {"expired", "second=up", "second=down"}
