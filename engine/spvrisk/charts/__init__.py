"""Named functions from what is known to charts: what a picture shows, as plain data that is yet to be drawn."""
