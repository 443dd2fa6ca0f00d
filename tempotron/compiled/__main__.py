"""Make all machine code and keep it on disk: `python -m tempotron.compiled`."""

from tempotron.compiled.layer import warm_up

warm_up()
