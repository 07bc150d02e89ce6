"""The style of the gallery's figures: vectors without a background, in colours that are legible on white and black."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import torch
from cycler import cycler
from sphinx_gallery.scrapers import matplotlib_scraper

#: Okabe and Ito's colours, with a lightness that contrasts with white and with black.
COLOURS = ("#2B8CC9", "#DD6A1A", "#12A37A", "#CC79A7", "#C58B00", "#56B4E9")
NEUTRAL = "#808080"


def scraper(block: Any, block_vars: Any, gallery_conf: Any) -> str:
    """Save the figures of a block as SVG."""
    return str(matplotlib_scraper(block, block_vars, gallery_conf, format="svg", transparent=True))


def reset(gallery_conf: Any, fname: str) -> None:
    """Set the look before each example."""
    torch.set_num_threads(1)  # the networks are so small that several threads would mostly wait for one another
    mpl.rcParams.update(
        {
            "xtick.color": NEUTRAL,
            "ytick.color": NEUTRAL,
            "text.color": NEUTRAL,
            "axes.edgecolor": NEUTRAL,
            "axes.labelcolor": NEUTRAL,
            "axes.titlecolor": NEUTRAL,
            "axes.facecolor": "none",
            "figure.facecolor": "none",
            "savefig.facecolor": "none",
            "legend.framealpha": 0,
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": "medium",
            "figure.figsize": (7.2, 3.6),
            "figure.constrained_layout.use": True,
            "lines.linewidth": 2,
            "font.size": 11,
            "svg.fonttype": "path",
            "svg.hashsalt": "surroreg",
        }
    )
