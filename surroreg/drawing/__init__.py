"""Curves without matplotlib: as points, as text, as SVG, and the card of a notebook."""
