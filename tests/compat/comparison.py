"""How the spikes and the gradients of a library's neurons are compared."""

import torch


def weighted(spikes):
    """A scalar that sends another gradient to every spike."""
    return (spikes * torch.linspace(-1, 1, spikes.numel()).reshape(spikes.shape)).sum()


def assert_same(results, expected):
    """Spikes are equal, and gradients to rounding. Some neurons fire, and no gradient is zero."""
    assert results.keys() == expected.keys()
    assert expected["spikes"].any()
    assert not expected["spikes"].all()
    torch.testing.assert_close(results["spikes"], expected["spikes"], rtol=0, atol=0)
    for key, value in expected.items():
        assert value.any(), key
        torch.testing.assert_close(results[key], value, rtol=1e-4, atol=1e-5 * value.abs().max().item(), msg=key)
