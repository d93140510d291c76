"""From text to nodes that remember their place: YAML, includes, tables, overrides, and the messages about them."""
