"""The latent space of one run, as one visitor goes through it. Nothing here is of the page; nothing is shared but weights."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import PIL.Image
import torch
from PIL import ImageOps
from PIL.Image import Image
from torch import Tensor

from rivals import chance
from rivals.data import bytes_from_pictures, pictures_from_bytes
from rivals.data.part import bytes_of
from rivals.data.pictures import image
from rivals.errors import UserError, pick
from rivals.explore.arithmetic import evaluated, parsed
from rivals.explore.directions import FINDERS
from rivals.explore.editing import edit, painted
from rivals.explore.inversion import invert
from rivals.explore.paths import WAYS, truncated
from rivals.explore.showing import SAMPLES, decoded, drawn_shape, opened, written
from rivals.game import ByAttributes, Conditional, Game
from rivals.loading import learnt
from rivals.metrics.neighbours import nearest
from rivals.run import Run
from rivals.sampling import captioned, conditions, latents, noise_of
from rivals.studio.alone import DRAWING
from rivals.studio.guard import UPLOAD
from rivals.studio.png import as_png
from rivals.trainer import channels_last

DIRECTIONS = 8
STEPS = 100  # of the way between two samples
REACH = 4.0  # of a slider, to either side
NEIGHBOURS, AMONG = 5, 5000  # training pictures that are shown, and among which they are sought
SAVED = 512  # pixels of a side of what is saved, about
PIXELS = 20_000_000  # of an uploaded picture


class Explorer:
    """Where a visitor stands: a latent, and how far it is moved along directions. Raises `UserError` for runs that draw no
    pictures from noise alone."""

    def __init__(self, path: Path, *, seed: int = 0, finder: str = "factorised"):
        self.path, self.finder, self.psi, self.only = path, finder, 1.0, ""
        self.told = ""  # of what was asked for, what a visitor should know
        self.at = ""  # how one came here, from samples; "": from no sample
        self.game, self.shape = known(path, stamp(path))
        self.settings = Run(path).settings
        self.found: dict[str, Tensor] = {}
        self.moves = [0.0] * DIRECTIONS
        self.became: list[str] | None = None  # what it was asked for instead, where it was
        self.again(seed)

    def again(self, seed: int, at: str = "0") -> None:
        """Other samples; and to stand at one of them."""
        self.seed = seed
        with DRAWING, torch.no_grad():
            if self.only:
                assert isinstance(self.game, Conditional)
                asked, self.told = conditions(self.path, self.game, "best", self.only, SAMPLES)
                with chance.fixed(seed):
                    self.samples = self.game.given(asked.to(self.game.device))
            else:
                self.samples = latents(self.game, SAMPLES, seed)
        self.go(at)

    def ask(self, only: str) -> None:
        """For a class, or attributes with commas between, or what a text says; nothing: for anything. Who stands at a sample
        stays with its number, which is drawn from the same noise."""
        before, self.only, self.told = self.only, only, ""
        try:
            self.again(self.seed, self.at if self.at.isdigit() else "0")
        except UserError:
            self.only = before
            raise

    @property
    def names(self) -> list[str]:
        """What can be asked for."""
        if not isinstance(self.game, Conditional):
            return []
        return list(self.settings.get("attribute_names" if self.by_attributes else "class_names") or ())

    @property
    def by_attributes(self) -> bool:
        """Whether several may be asked for at once."""
        return isinstance(self.game, ByAttributes) and self.game.attributes > 0

    @property
    def by_text(self) -> bool:
        return self.by_attributes and captioned(self.settings)

    @property
    def has(self) -> list[str] | None:
        """What the picture where one stands was asked for; None: a latent says nothing of it."""
        noise = noise_of(self.game)
        if noise is None or not self.names or len(self.names) != len(self.z) - noise:
            return None
        return [name for name, value in zip(self.names, self.z[noise:].tolist(), strict=True) if value > 0.5]

    def become(self, names: Sequence[str]) -> None:
        """The same noise, asked for this instead. Raises `UserError` where that cannot be."""
        if self.has is None:
            raise UserError("what is drawn here was asked for nothing")
        numbers = {name: k for k, name in enumerate(self.names)}
        wanted = [pick("name", numbers, name) for name in names]
        self.z[-len(self.names) :] = 0.0
        self.z[[k - len(self.names) for k in wanted]] = 1.0
        self.became = list(names)

    def stand(self, z: Tensor, at: str = "") -> None:
        self.z, self.moves, self.at, self.became = z.clone(), [0.0] * DIRECTIONS, at, None

    def go(self, at: str) -> None:
        """Where a formula of samples leads, as 5 or 3,5 - 1 + 4; or along the way between two: 1~2@0.5 is in the middle."""
        if found := re.fullmatch(r"\s*(\d+)\s*~\s*(\d+)\s*@\s*(\d*\.?\d+)\s*", at):
            a, b, share = int(found[1]), int(found[2]), min(float(found[3]), 1.0)
            line = WAYS["spherical"](self.sample(a), self.sample(b), STEPS + 1)
            self.stand(line[round(share * STEPS)], at)
        else:
            self.stand(evaluated(parsed(at), self.samples)[1], at)

    def move(self, k: int, by: float) -> None:
        """Along a direction."""
        if len(self.directions):  # before anything is moved: there may be none
            self.moves[k] = by

    @property
    def ways(self) -> int:
        """How many directions there are to go."""
        noise = noise_of(self.game)
        return min(DIRECTIONS, len(self.z) if noise is None else noise)

    @property
    def directions(self) -> Tensor:
        """(k, d), found once."""
        if self.finder not in self.found:
            with DRAWING:
                self.found[self.finder] = pick("way to find directions", FINDERS, self.finder)(self.game, self.ways)
        return self.found[self.finder]

    @property
    def here(self) -> Tensor:
        """(d,) the latent with its moves, towards the middle by `psi`."""
        z = truncated(self.z[None], self.psi, noise_of(self.game))[0]
        if any(self.moves):
            steps = torch.tensor(self.moves[: len(self.directions)], device=z.device)
            z = z + steps @ self.directions
        return z

    @torch.no_grad()
    def drawn(self, z: Tensor) -> Tensor:
        """(n, d) -> (n, C, H, W) bytes."""
        return bytes_from_pictures(decoded(self.game, z)).cpu()

    def sheet(self) -> list[bytes]:
        """The samples as PNG files."""
        z = truncated(self.samples, self.psi, noise_of(self.game))
        return [as_png(image(x)) for x in self.drawn(z)]

    def picture(self) -> bytes:
        return as_png(image(self.drawn(self.here[None])[0]))

    def enlarged(self) -> bytes:
        """The picture, each pixel as a square of pixels: to be looked at elsewhere."""
        drawn = image(self.drawn(self.here[None])[0])
        times = max(1, SAVED // max(drawn.size))
        return as_png(drawn.resize((times * drawn.width, times * drawn.height), PIL.Image.Resampling.NEAREST))

    def sample(self, number: int) -> Tensor:
        if not 0 <= number < len(self.samples):
            raise UserError(f"there are samples 0 to {len(self.samples) - 1}, and no {number}")
        return self.samples[number]

    def nearest(self) -> list[bytes]:
        """The training pictures that are nearest to what is shown, by their pixels."""
        rows = training_rows(self.path, str(self.settings.get("created")))
        x = self.drawn(self.here[None]).flatten(1).float()
        at = nearest(x, rows.flatten(1).float(), NEIGHBOURS)[1][0]
        return [as_png(image(row)) for row in rows[at]]

    def invert(self, content: bytes) -> float:
        """Stand where the picture in a file is drawn best; its mean squared error, of pixels in [0, 1]."""
        x = self.fitted(content)
        with DRAWING:
            found = invert(self.game, x[None].to(self.game.device))
        self.psi = 1.0  # as it was found
        self.stand(found.z[0])
        return float(found.error[0]) / 4

    def paint(self, content: bytes) -> None:
        """Stand near here, where what was painted is drawn."""
        wanted = self.fitted(content)
        now = pictures_from_bytes(self.drawn(self.here[None])[0])
        where = painted(now, wanted, least=0.1)
        if not where.any():
            raise UserError("nothing is painted: draw on the picture first")
        device = self.game.device
        with DRAWING:
            found = edit(self.game, self.here, wanted.to(device), where.to(device))
        self.psi = 1.0
        self.stand(found.z)

    def fitted(self, content: bytes) -> Tensor:
        """An uploaded picture as the game draws them: (C, H, W) in [-1, 1]."""
        channels, height, width = self.shape
        picture = read(content).convert("L" if channels == 1 else "RGB")
        pixels = torch.frombuffer(bytearray(ImageOps.fit(picture, (width, height)).tobytes()), dtype=torch.uint8)
        return pictures_from_bytes(pixels.view(height, width, channels).permute(2, 0, 1))

    def film(self, a: int, b: int, out: Path) -> None:
        """The way from one sample to another, there and back."""
        way = WAYS["spherical"](self.sample(a), self.sample(b), 30)
        z = truncated(torch.cat([way, way.flip(0)]), self.psi, noise_of(self.game))
        written(pictures_from_bytes(self.drawn(z)), out, columns=1)


def stamp(path: Path) -> int:
    """Another number where the weights are others."""
    newest = 0
    for file in path.glob("checkpoints/*.safetensors"):
        with suppress(OSError):  # a training deletes old ones
            newest = max(newest, file.stat().st_mtime_ns)
    return newest


@lru_cache(maxsize=4)
def known(path: Path, _stamp: int) -> tuple[Game, tuple[int, int, int]]:
    """The game of a run and the shape of what it draws."""
    with DRAWING:
        game = channels_last(opened(path, "best", "cpu"))  # half the time of a picture
        channels, height, width = drawn_shape(game)
    return game, (channels, height, width)


@lru_cache(maxsize=2)
def training_rows(path: Path, _created: str) -> Tensor:
    """(n, C, H, W) bytes of the first rows that a run learnt from."""
    return bytes_of(learnt(path), AMONG)


def read(content: bytes) -> Image:
    """An uploaded picture, if it is one, and not too large."""
    if len(content) > UPLOAD:
        raise UserError(f"the file has {len(content) / 1e6:.0f} MB, and may have {UPLOAD / 1e6:.0f}")
    try:
        picture = PIL.Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "WEBP", "BMP"))
        if picture.width * picture.height > PIXELS:
            raise UserError(f"the picture is {picture.width}x{picture.height}: at most {PIXELS / 1e6:.0f} million pixels")
        picture.load()
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise UserError(f"this is no picture that can be read: PNG, JPEG, GIF, WebP or BMP ({error})") from None
    return picture


def formula(added: Sequence[int], taken: Sequence[int], further: Sequence[int]) -> str:
    """
    >>> formula([3, 5], [1], [4])
    '3,5 - 1 + 4'
    """
    parts = [(sign, ",".join(map(str, numbers))) for sign, numbers in (("", added), ("- ", taken), ("+ ", further)) if numbers]
    return " ".join(f"{sign}{numbers}" for sign, numbers in parts)
