"""Games: one paper a file."""

from rivals.games.gan import GAN
from rivals.games.vae import VAE

__all__ = ["GAN", "VAE"]
