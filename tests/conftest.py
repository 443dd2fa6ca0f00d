"""Many small tensors: threads cost tests more than they give."""

import torch

torch.set_num_threads(1)
