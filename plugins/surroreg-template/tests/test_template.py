"""Facts that the formula alone does not give. The conformance checks compare the gradients with the formula."""

import pytest
import torch

import surroreg


def gradient(x, width):
    """Return the gradient of the spikes at every element of x."""
    x = x.clone().requires_grad_()
    surroreg.load("template/bump", width=width)(x).sum().backward()
    return x.grad


def test_surrogate_is_found_by_name():
    """Installed, it is listed, and loads without its namespace too."""
    assert "template/bump" in surroreg.names()
    assert surroreg.spec("bump") is surroreg.spec("template/bump")


def test_a_neuron_fires_above_its_threshold():
    """And not at it."""
    spikes = surroreg.load("template/bump")(torch.tensor([-0.5, 0.0, 0.5]))
    assert spikes.tolist() == [0, 0, 1]


@pytest.mark.parametrize("width", [0.25, 1.0, 3.0])
def test_peak_half_height_and_edge(width):
    """The three points by which the width can be read off a plot."""
    x = width * torch.tensor([0.0, 0.5, -0.5, 1.0, -1.0, 7.0], dtype=torch.float64)
    assert (gradient(x, width) * width).tolist() == pytest.approx([1, 0.5, 0.5, 0, 0, 0])


@pytest.mark.parametrize("width", [0.25, 1.0, 3.0])
def test_the_area_is_one(width):
    """By the trapezoidal rule."""
    x = torch.linspace(-4, 4, 10_001, dtype=torch.float64)
    assert torch.trapezoid(gradient(x, width), x).item() == pytest.approx(1)


def test_the_primitive_is_a_step_from_zero_to_one():
    """It ends where the gradient does."""
    step = surroreg.load("template/bump", width=2.0).primitive(torch.tensor([-3.0, -2.0, 0.0, 2.0, 3.0]))
    assert step.tolist() == pytest.approx([0, 0, 0.5, 1, 1])
