"""Train: a run, played and stepped."""
