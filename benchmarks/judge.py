"""A fixed judge of generated Fashion-MNIST pictures: python -m benchmarks.judge prints its scale.

A small convolutional classifier, trained once from a fixed seed on the 60,000 training pictures. Its penultimate layer, 128
ReLU features, describes a picture; the score of a set is the Fréchet distance between the features of 10,000 of its pictures
and those of the 10,000 test pictures. Lower is better. The features carry one constant factor, fitted when the judge is
trained, by which 10,000 training pictures of nine of the ten classes (all but T-shirts) score 1.8.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cross_entropy, pad

from rivals import checkpoint
from rivals.data import Memory, load, pictures_from_bytes
from rivals.data.download import cache_folder
from rivals.metrics.frechet import distance, statistics

COUNT = 10_000  # pictures on each side of a score
NINE_CLASSES = 1.8  # the score that fixes the scale
EPOCHS, BATCH, RATE, SEED = 4, 128, 2e-3, 0


def fashion(split: str) -> tuple[Tensor, Tensor]:
    """(N, 1, 28, 28) uint8 pictures and their classes."""
    data = load("fashion-mnist", split=split)
    assert isinstance(data, Memory)
    assert data.y is not None
    return data.x, data.y


class Judge(nn.Module):
    """(B, 1, 28, 28) in [-1, 1] -> (B, 10) logits; `features` -> (B, 128)."""

    factor: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU()),  # no dropout: it blunts the features to texture
        )
        self.head = nn.Linear(128, 10)
        self.register_buffer("factor", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.trunk(x))
        return logits

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """(N, 1, 28, 28) uint8 -> (N, 128)."""
        return torch.cat([self.trunk(pictures_from_bytes(part)) * self.factor for part in torch.split(x, 1000)])

    @classmethod
    def trained(cls, file: Path | None = None) -> Judge:
        """The judge, from its file in the cache; trained first (two minutes on two cores) where there is none."""
        file = file or cache_folder() / "fashion-mnist-judge.safetensors"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            checkpoint.write(file, {"judge": train().state_dict()})
        judge = cls()
        judge.load_state_dict(checkpoint.read(file)["judge"])
        return judge.eval().requires_grad_(False)


def train() -> Judge:
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        judge = Judge().to(memory_format=torch.channels_last)
        x, y = fashion("train")
        rounds = EPOCHS * -(-len(x) // BATCH)
        optimizer = torch.optim.AdamW(judge.parameters(), lr=RATE, weight_decay=0.01, fused=True)
        falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, rounds)
        for _ in range(EPOCHS):
            for pick in torch.split(torch.randperm(len(x)), BATCH):
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    logits = judge(pictures_from_bytes(x[pick]).contiguous(memory_format=torch.channels_last))
                optimizer.zero_grad()
                cross_entropy(logits.float(), y[pick]).backward()
                optimizer.step()
                falling.step()
    judge.eval()
    judge.factor.fill_((NINE_CLASSES / judged(judge, x[y != 0][:COUNT])) ** 0.5)
    return judge


def judged(judge: Judge, pictures: Tensor) -> float:
    """The score of 10,000 pictures, (10000, 1, 28, 28) uint8."""
    if pictures.shape != (COUNT, 1, 28, 28) or pictures.dtype != torch.uint8:
        raise ValueError(f"the judge takes ({COUNT}, 1, 28, 28) uint8, not {tuple(pictures.shape)} {pictures.dtype}")
    test, _ = fashion("test")
    return distance(statistics(judge.features(pictures)), statistics(judge.features(test)))


def scale(judge: Judge) -> dict[str, float]:
    """The scores of sets whose quality is known."""
    draw = torch.Generator().manual_seed(SEED)
    (x, y), (test, kinds) = fashion("train"), fashion("test")
    shirts = x[y == 0]
    noisy = test + 0.1 * 127.5 * torch.randn(test.shape, generator=draw)
    sets = {
        "real (training pictures)": x[torch.randperm(len(x), generator=draw)[:COUNT]],
        "nine of the ten classes": x[y != 0][:COUNT],
        "Gaussian noise of 0.1 on [-1, 1]": noisy.round().clamp(0, 255).byte(),
        "blurred by a 3x3 box": avg_pool2d(pad(test.float(), (1, 1, 1, 1)), 3, 1).round().byte(),
        "one class only": shirts[torch.randint(len(shirts), (COUNT,), generator=draw)],
    }
    scores = {name: judged(judge, pictures) for name, pictures in sets.items()}
    logits = torch.cat([judge(pictures_from_bytes(part)) for part in torch.split(test, 1000)])
    return {**scores, "(accuracy on the test pictures)": float((logits.argmax(1) == kinds).double().mean())}


if __name__ == "__main__":
    for name, score in scale(Judge.trained()).items():
        print(f"{score:8.3f}  {name}")
