"""What a simulation of the reference has of each venture."""


def ventures(sim):
    """Return name, site, rows and quantities of each project and of each slot."""
    found = [(name, sim.sites[name], sim.projects[name], sim.quantities[name]) for name in sim.sites]
    slots = [part for parts in sim.slots.values() for part in parts]
    return found + [(part.venture.name, part.site, part.flows, part.quantities) for part in slots]
