"""Games: one paper a file."""

from rivals.games.began import BEGAN
from rivals.games.ebgan import EBGAN
from rivals.games.gan import GAN
from rivals.games.vae import VAE

__all__ = ["BEGAN", "EBGAN", "GAN", "VAE"]
