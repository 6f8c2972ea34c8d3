"""Networks from pictures to pictures: any size in, the same size out; and how far a discriminator of patches sees."""

from __future__ import annotations

import pytest
import torch

from rivals.errors import UserError
from rivals.networks.patches import PatchDiscriminator, Trunk
from rivals.networks.translators import ResNetTranslator, Shallow, UNet, within


def unet(shape=(3, 16, 16), **options):
    torch.manual_seed(0)
    return UNet(shape, **{"outputs": 2, "width": 4, **options})


@pytest.mark.parametrize("size", [(16, 16), (28, 28), (17, 30), (64, 20), (3, 5)])
def test_pictures_of_any_size_keep_it(size):
    x = torch.randn(2, 3, *size)
    nets = (unet(), ResNetTranslator((3, 16, 16), outputs=2, width=4, blocks=1), Shallow((3, 16, 16), outputs=2, width=4))
    for net in nets:
        y = net(x)
        assert y.shape == (2, 2, *size)
        assert y.abs().max() <= 1


def test_what_stands_beside_a_picture_changes_nothing():
    """In training as later: no statistics over the batch."""
    x = torch.randn(3, 3, 16, 16)
    for net in (unet(), ResNetTranslator((3, 16, 16), outputs=2, width=4, blocks=1)):
        alone = net(x[:1])
        assert torch.allclose(net.train()(x)[:1], alone, atol=1e-5)
        assert torch.allclose(net.eval()(x)[:1], alone, atol=1e-5)


def test_a_unet_hands_every_size_across():
    """Without the innermost maps a change of one pixel still shows."""
    net = unet(depth=3)
    x = torch.randn(1, 3, 16, 16)
    other = x.clone()
    other[..., 5, 5] += 1
    net.up[-1][1].weight.data.zero_()  # nothing comes from the innermost maps
    net.up[-1][1].bias.data.zero_()
    assert not torch.allclose(net(x), net(other))


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_a_picture_gets_through_at_its_size_with_norms_and_without(norm):
    """What a layer before the last gives is neither lost nor blown up, and the last begins small."""
    torch.manual_seed(0)
    x = torch.rand(8, 3, 32, 32) * 2 - 1
    for build in (UNet, ResNetTranslator, Shallow):
        net, seen = build((3, 32, 32), outputs=3, width=16, norm=norm), []
        net.end.register_forward_pre_hook(lambda module, given, seen=seen: seen.append(given[0].std()))
        assert net(x).std() < 0.6
        assert 0.2 < seen[0] < 5
    assert 0.2 < PatchDiscriminator((3, 32, 32), patch="16", width=16, norm="none")(x).std() < 5
    assert 0.2 < Trunk((3, 32, 32), width=16)(x).std() < 5


def test_what_is_cut_is_led_back_and_no_farther_out():
    y = torch.tensor([-300.0, -300.0, 0.5, 0.5, 300.0, 300.0], requires_grad=True)
    shown = within(y)
    assert shown.tolist() == [-1, -1, 0.5, 0.5, 1, 1]
    assert within(y.to(torch.bfloat16)).tolist() == shown.tolist()
    (shown * torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])).sum().backward()
    assert y.grad.tolist() == [0, -1, 1, -1, 1, 0]  # a step goes against it


def test_noise_is_dropout_that_lasts():
    x = torch.randn(1, 3, 16, 16)
    net = unet(noise=0.5).eval()
    assert not torch.equal(net(x), net(x))
    assert torch.equal(unet().eval()(x), unet().eval()(x))


def test_a_unet_says_how_often_it_can_halve():
    with pytest.raises(
        UserError, match=r"16x16 \(H x W\) cannot be halved 4 times: pass --size 32 or more, or --depth 3 or less"
    ):
        unet(depth=4)
    with pytest.raises(UserError, match="pass --size 4 or more"):
        unet((3, 2, 9))
    assert len(unet((3, 28, 28)).down) == 3
    with pytest.raises(UserError, match="at least 8x8"):
        ResNetTranslator((3, 4, 9), outputs=3)


@pytest.mark.parametrize(("patch", "side"), [("pixel", 1), ("16", 16), ("34", 34), ("70", 70)])
def test_a_patch_is_as_large_as_its_name(patch, side):
    net = PatchDiscriminator((1, 128, 128), patch=patch, width=2, norm="none")
    x = torch.randn(1, 1, 128, 128, requires_grad=True)
    logits = net(x)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    seen = x.grad[0, 0].abs() > 0
    assert (int(seen.any(0).sum()), int(seen.any(1).sum())) == (side, side)


@pytest.mark.parametrize("size", [(8, 8), (28, 28), (64, 48)])
def test_whole_is_one_logit_of_the_whole_picture(size):
    net = PatchDiscriminator((1, *size), patch="whole", width=2, norm="none")
    x = torch.randn(2, 1, *size, requires_grad=True)
    logits = net(x)
    assert logits.shape == (2, 1, 1, 1)
    logits[0].sum().backward()
    assert (x.grad[0].abs() > 0).float().mean() > 0.95
    assert (x.grad[1] == 0).all()


def test_patches_larger_than_the_picture_are_refused():
    with pytest.raises(UserError, match="patches of 70 pixels take pictures of at least 24 a side"):
        PatchDiscriminator((1, 16, 16), patch="70")
