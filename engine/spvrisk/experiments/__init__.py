"""What is done with a study or a result: one run of it, its overview, the replay of a path, how long it takes."""
