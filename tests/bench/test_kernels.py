"""The kernels that a GPU runs, counted without one."""

import pytest
import torch

import surroreg
from tests.scripts import script

KERNELS = script("kernels")
SPECS = [surroreg.spec(name) for name in surroreg.names(namespace="builtin")]


@pytest.mark.parametrize("more", [{"scale": 3.0}, {"shift": 0.5}, {"scale": 0.5, "shift": -0.5}], ids=str)
@pytest.mark.parametrize("spec", [s for s in SPECS if s.traits.stable_formula], ids=lambda spec: spec.name)
def test_stable_formula_with_scale_or_shift_is_one_kernel(spec, more):
    assert KERNELS.passes(surroreg.load(spec.name, **more)) == (["gt"], ["fused"])


@pytest.mark.parametrize(
    ("name", "backward"),
    [("straight_through_estimator", []), ("heaviside", ["mul"]), ("leaky_spike_operator", ["leaky_relu_backward"])],
)
def test_single_operation_is_not_compiled_anew(name, backward):
    assert KERNELS.passes(surroreg.load(name)) == (["gt"], backward)


def test_table_of_kernels_is_up_to_date():
    if f"torch {torch.__version__.partition('+')[0]}." not in KERNELS.PART.text:
        pytest.skip(f"torch is {torch.__version__}: the operations of another release are on the page")
    assert KERNELS.PART.text == KERNELS.table(), "run: python docs/kernels.py"
