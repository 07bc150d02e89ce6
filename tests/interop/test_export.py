"""``torch.export`` and AOTInductor: the exported network gives the same spikes and trains the same."""

import io

import pytest
import torch

import surroreg
from tests.interop.cases import (
    BUFFER_WARNS,
    DETERMINISTIC,
    FUNCTION_WARNS,
    SCRIPT_WARNS,
    STOCHASTIC,
    assert_gradient,
    assert_same_training,
    batch,
    build,
    gradient,
    model,
    points,
)

pytestmark = [FUNCTION_WARNS, SCRIPT_WARNS]
TREESPEC_WARNS = pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.` is deprecated:FutureWarning")


def export(network, x, **options):
    return torch.export.export(network, (x,), **options)


def operators(program):
    return {str(node.target) for node in program.graph.nodes if node.op == "call_function"}


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("strict", [False, True])
def test_trained_after_export(name, strict):
    network = model(build(name))
    exported = export(network, batch(), strict=strict).module()
    assert_same_training(exported, network, batch())


@pytest.mark.parametrize("name", STOCHASTIC)
def test_noise_after_export(name):
    s, x = build(name), points()
    exported = export(s, x).module()
    assert torch.equal(exported(x), s(x))
    assert_gradient(s, x, gradient(exported, x))


@pytest.mark.parametrize("strict", [False, True])
def test_export_under_no_grad_is_a_comparison_alone(s, strict):
    with torch.no_grad():
        program = export(s, points(), strict=strict)
    assert operators(program) <= {"aten.gt.Scalar", "aten.to.dtype", "aten._assert_tensor_metadata.default"}
    assert torch.equal(program.module()(points()), s(points()))


@TREESPEC_WARNS
@BUFFER_WARNS
def test_decompositions_save_and_load():
    network, x = model(surroreg.load("atan")), batch()
    file = io.BytesIO()
    torch.export.save(export(network, x).run_decompositions(), file)
    file.seek(0)
    loaded = torch.export.load(file)
    torch.testing.assert_close(loaded.module()(x), network(x))


@BUFFER_WARNS
def test_saved_loaded_and_trained():
    network, x = model(surroreg.load("atan")), batch()
    file = io.BytesIO()
    torch.export.save(export(network, x), file)
    file.seek(0)
    assert_same_training(torch.export.load(file).module(), network, x)


@pytest.mark.parametrize("strict", [False, True])
def test_dynamic_batch(strict):
    network = model(surroreg.load("atan"))
    size = {0: torch.export.Dim("size", min=2, max=64)}
    exported = export(network, batch(), strict=strict, dynamic_shapes=(size,)).module()
    for n in (3, 20):
        assert_same_training(exported, network, batch(size=n))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_half_precision(name, dtype):
    s, x = build(name), points(dtype)
    exported = export(s, x).module()
    assert torch.equal(exported(x), s(x))
    assert_gradient(s, x, gradient(exported, x))


def test_infinite_and_nan(s):
    exported = export(s, points(torch.float32)[:3]).module()
    x = torch.tensor([-torch.inf, torch.inf, torch.nan])
    assert exported(x).tolist() == [0, 1, 0]
    assert gradient(exported, x)[:2].isfinite().all()


#: A header that is precompiled and optimised pays off with the second package.
ONCE = {"aot_inductor.precompile_headers": False, "aot_inductor.compile_wrapper_opt_level": "O0"}


@TREESPEC_WARNS
def test_aot_inductor_package(tmp_path):
    network, x = model(surroreg.load("atan")).eval(), batch()
    with torch.no_grad():
        program = export(network, x)
        path = str(tmp_path / "network.pt2")
        package = torch._inductor.aoti_compile_and_package(program, package_path=path, inductor_configs=ONCE)
        loaded = torch._inductor.aoti_load_package(package)
        torch.testing.assert_close(loaded(x), network(x))
