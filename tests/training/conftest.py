"""Training tests use one thread: on a busy machine two wait for each other more than they compute."""

import torch

torch.set_num_threads(1)
