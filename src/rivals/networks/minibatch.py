"""Minibatch discrimination: a discriminator that sees how alike the rows of a batch are, and so a generator that collapses.

Salimans, Goodfellow, Zaremba, Cheung, Radford and Chen, 2016, Improved Techniques for Training GANs, section 3.2,
https://arxiv.org/abs/1606.03498. With features f(x_i) of A numbers, a tensor T of A x B x C, and M_i = f(x_i) T of B x C:

    c_b(x_i, x_j) = exp(-|M_ib - M_jb|_L1)        o(x_i)_b = sum_j c_b(x_i, x_j)

and o(x_i) is put beside f(x_i) for the last layer. The rows of one call see each other, which are all real or all generated, in
each process its own. So a gradient penalty, which is of each row by itself, means nothing here.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from rivals.networks.remedies import Net


class MinibatchDiscrimination(nn.Module):
    """(n, A) -> (n, A + B): the features and o.

    T begins as N(0, 1/A), each of its columns about 1 long, as the authors' code has it: with longer ones exp(-L1) would
    begin at 0."""

    def __init__(self, inputs: int, features: int, *, kernel: int = 5):
        super().__init__()
        self.T = nn.Parameter(torch.randn(inputs, features, kernel) / math.sqrt(inputs))  # (A, B, C)

    def forward(self, f: Tensor) -> Tensor:
        M = torch.einsum("na,abc->bnc", f, self.T).float()
        o = torch.exp(-torch.cdist(M, M, p=1)).sum(2).T  # (n, B)
        return torch.cat([f, o.to(f.dtype)], 1)


def minibatch_discriminating(net: Net, features: int) -> Net:
    """Minibatch discrimination before the network's last linear layer, whose weights for what it saw before stay."""
    name, linear = [(name, layer) for name, layer in net.named_modules() if isinstance(layer, nn.Linear)][-1]
    wide = nn.Linear(linear.in_features + features, linear.out_features)
    with torch.no_grad():
        wide.weight[:, : linear.in_features] = linear.weight
        wide.bias.copy_(linear.bias)
    net.set_submodule(name, nn.Sequential(MinibatchDiscrimination(linear.in_features, features), wide))
    return net
