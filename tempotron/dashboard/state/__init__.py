"""State: what a link, a file or undo holds."""
