"""The judge of attributes: what it learns, how its accuracy is worked out, what it refuses."""

from __future__ import annotations

import pytest
import torch

from rivals.data import Memory, load
from rivals.errors import UserError
from rivals.metrics import core
from rivals.metrics.features import attributes
from rivals.metrics.features.attributes import AttributeJudge, accuracies, grouped

NAMES = ("left", "top", "low")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(core, "cache_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def data() -> Memory:
    """Grey pictures of noise; a bright spot at the left, at the top, below: each for itself, the last in one of ten."""
    made = torch.Generator().manual_seed(0)
    x = torch.randint(0, 100, (400, 1, 8, 8), generator=made).to(torch.uint8)
    a = torch.rand(400, 3, generator=made) < torch.tensor([0.5, 0.5, 0.1])
    for k, (row, column) in enumerate([(4, 1), (1, 4), (6, 5)]):
        x[a[:, k], 0, row, column] = 255
    return Memory(x, name="spots", a=a.to(torch.uint8), attribute_names=NAMES)


def test_accuracies_are_those_of_each_side():
    true = torch.tensor([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]]).bool()
    said = torch.tensor([[1, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]).bool()
    found = accuracies(said, true)
    assert found[0].tolist() == [0.75, 0.75, 0.5]  # half of those who have it, all who have not
    assert found[1].tolist() == [0.5, 0.75, 0.25]  # always no: it knows nothing, and is mostly right
    assert found[2, 0].isnan()  # nobody has it: nothing to find
    assert found[2, 1:].tolist() == [0.75, 0.0]


def test_it_reads_each_attribute_and_is_learnt_once(data, monkeypatch):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    judge = AttributeJudge.trained(data)
    assert torch.equal(torch.rand(3), expected)
    assert judge.names == NAMES
    assert all(judge.accuracy[name].balanced > 0.9 for name in NAMES)
    assert judge.accuracy["low"].base == pytest.approx(0.1, abs=0.1)
    batch = data.rows(torch.arange(200), torch.device("cpu"))
    assert ((judge(batch.x) > 0) == (batch.a > 0)).float().mean() > 0.97
    assert "on 40 held-out rows" in judge.protocol
    x = batch.x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(judge(x)[:, 0].sum(), x)  # a search may follow it: brightest where the spot is
    assert slope.mean(0)[0, 4, 1] > 0
    monkeypatch.setattr(attributes, "learn", None)
    assert AttributeJudge.trained(data).protocol == judge.protocol
    with pytest.raises(TypeError):  # another seed, another judge
        AttributeJudge.trained(data, seed=1)


def test_groups_are_had_by_any_of_theirs(data):
    assert grouped(torch.eye(3), [[0, 2], [1]]).tolist() == [[1, 0], [0, 1], [1, 0]]
    judge = AttributeJudge.trained(data, groups={"side": ["left", "low"]})
    batch = data.rows(torch.arange(200), torch.device("cpu"))
    assert judge.names == ("side",)
    assert ((judge(batch.x)[:, 0] > 0) == (batch.a[:, [0, 2]].any(1))).float().mean() > 0.95
    with pytest.raises(UserError, match="unknown attribute 'lwo': did you mean 'low'"):
        AttributeJudge.trained(data, groups={"side": ["lwo"]})


def test_data_without_attributes_is_refused():
    with pytest.raises(UserError, match="'digits' has no attributes: give an"):
        AttributeJudge.trained(load("digits"))
