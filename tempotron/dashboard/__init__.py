"""The dashboard: what only it needs, from the state of its pages to what a browser shows."""
