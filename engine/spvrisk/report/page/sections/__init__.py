"""The sections of a page: each is a function of what the page is of."""
