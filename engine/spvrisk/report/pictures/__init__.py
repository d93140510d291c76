"""Charts drawn by Matplotlib, which is loaded by what draws: `asked` alone may be imported without it."""
