"""Make all machine code and keep it on disk: `python -m tempotron.compiled`.

Prints a line when the first part is there, and one when all is; see `layer.warm_up`.
"""

from tempotron.compiled.layer import warm_up

warm_up(lambda part: part == "voltages" and print("learning", flush=True))
print("voltages", flush=True)
