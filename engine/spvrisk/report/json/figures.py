"""Figures of any view as plain JSON values."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from spvrisk.report.json.values import finite
from spvrisk.report.words import english
from spvrisk.views.figures import Cell, Figures, Named, Near, Note

VIEWS_SCHEMA = "spvrisk.views/1"
"""Format; the number rises when a reader of the former would misread it."""


def views_json(views: Mapping[str, Figures]) -> dict[str, Any]:
    """Give views: ``schema``, then ``views`` by name, each as of `figures_json`.

    Parameters
    ----------
    views
        By name.
    """
    return {"schema": VIEWS_SCHEMA, "views": {name: figures_json(figures) for name, figures in views.items()}}


def figures_json(figures: Figures) -> dict[str, Any]:
    """Give figures: estimates as ``value, error``, shares as ``value, low, high``, sentences in words."""
    return {
        "title": english(figures.title),
        "unit": figures.unit,
        "columns": [english(column.head) for column in figures.columns],
        "rows": [
            {"name": english(row.name), "head": english(row.head), "cells": [_cell_json(cell) for cell in row.cells]}
            for row in figures.rows
        ],
        "notes": [english(note) for note in figures.notes],
    }


def _cell_json(cell: Cell) -> Any:
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, Note | Named):
        return english(cell)
    if isinstance(cell, Near):
        near = _cell_json(cell.cell)
        return {**(near if isinstance(near, dict) else {"value": near}), "bound": finite(cell.bound)}
    if isinstance(cell, tuple):
        return {name: None if value is None else finite(value) for name, value in cell._asdict().items()}
    return finite(cell) if isinstance(cell, float) else cell
