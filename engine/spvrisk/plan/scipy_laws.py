"""Laws of scipy.stats by name: the door to what the config has no family for."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from spvrisk.catalogue import joined, phrase
from spvrisk.plan.distributions import LEAST_TAIL, Affine, Array, Continuous, LawError


def scipy_law(name: str, args: Mapping[str, float], atoms: Callable[[Array, Array], Affine]) -> Affine:
    """Build a law from its name in `scipy.stats` and its keyword arguments.

    Parameters
    ----------
    name
        Of a continuous or discrete univariate law.
    args
        Shape parameters, ``loc``, and ``scale`` for a continuous law.
    atoms
        Makes the law of atoms at increasing values with their probabilities.

    Raises
    ------
    LawError
        If scipy has no such law, or it does not take these arguments.
    """
    family = getattr(stats, name, None)
    if not isinstance(family, stats.rv_continuous | stats.rv_discrete):
        raise LawError("must be a continuous or discrete law of scipy.stats", f'"{name}"', _nearest(name))
    discrete = isinstance(family, stats.rv_discrete)
    shapes = [shape.strip() for shape in (family.shapes or "").split(",") if shape.strip()]
    _check_args(name, args, shapes, [*shapes, "loc"] if discrete else [*shapes, "loc", "scale"])
    location, scale = args.get("loc", 0.0), args.get("scale", 1.0)
    law = family(**{shape: args[shape] for shape in shapes})
    if not (scale > 0.0 and np.isfinite(law.ppf(0.5))):
        raise LawError(
            phrase("the arguments must lie in the domain of scipy's {}", name), f"{dict(args)}", "see its page"
        )
    return _whole_numbers(law, location, atoms) if discrete else Affine(location, scale, _continuous(name, args, law))


def _check_args(name: str, args: Mapping[str, float], needed: list[str], allowed: list[str]) -> None:
    unknown, missing = sorted(set(args) - set(allowed)), sorted(set(needed) - set(args))
    if unknown or missing:
        raise LawError(
            phrase("scipy's {} takes the arguments {}", name, ", ".join(allowed)),
            joined(
                [*(phrase("unknown {}", key) for key in unknown), *(phrase("no {}", key) for key in missing)], "{}, {}"
            ),
            phrase("give {} and leave out what it does not know", ", ".join(needed))
            if needed
            else "leave out the others",
        )


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    names = [key for key in dir(stats) if isinstance(getattr(stats, key), stats.rv_continuous | stats.rv_discrete)]
    near = get_close_matches(name, names, n=1)
    return phrase("did you mean {}?", near[0]) if near else phrase("e.g. genextreme, johnsonsu, nbinom")


def _continuous(name: str, args: Mapping[str, float], law: Any) -> Continuous:
    key = tuple(sorted((shape, value) for shape, value in args.items() if shape not in ("loc", "scale")))
    lower, upper = (float(end) for end in law.support())
    return Continuous(
        ("scipy", name, key),
        lower,
        upper,
        ppf=law.ppf,
        isf=law.isf,
        cdf_inside=law.cdf,
        sf_inside=law.sf,
        pdf_inside=law.pdf,
        mean_sd=(float(law.mean()), float(law.std())),
    )


def _whole_numbers(law: Any, location: float, atoms: Callable[[Array, Array], Affine]) -> Affine:
    values = np.arange(law.ppf(LEAST_TAIL), law.isf(LEAST_TAIL) + 1.0)
    return atoms(values + location, law.pmf(values))
