"""Train: watch a neuron learn, step by step, forwards and backwards."""

from tempotron.dashboard.ui.train.bench import bench
from tempotron.dashboard.ui.visitor import enter

visitor = enter("Train")
bench(visitor)
