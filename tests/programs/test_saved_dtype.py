"""Programs whose membranes are kept in one byte: they reach their results, and keep less."""

from surroreg.autograd.graph import kept_bytes
from tests.programs.base import assert_trains_the_same, compiled, differ, gradients
from tests.programs.catalogue import ASSIGNED, COMPILER_WARNS, each

pytestmark = COMPILER_WARNS
SAVED = "float8_e5m2"


def narrow(program, **params):
    """Return a program's network whose surrogates keep one byte of each membrane."""
    return program.network(name=program.surrogate, saved_dtype=SAVED, **{**program.params, **params})


def kept(program, network):
    """Return the bytes that a loss keeps for its backward pass."""
    x, y = program.batch()
    return kept_bytes(lambda x: program.criterion(program.run(network, x), y), x.clone().requires_grad_())


@each()
def test_program_reaches_its_result_and_keeps_less(program):
    network, wide = narrow(program), program.network()
    assert kept(program, network) < kept(program, wide)
    program.train(network)
    assert program.result(network) > program.goal
    assert differ(gradients(program, narrow(program), program.batch()), gradients(program, wide, program.batch()))


@each(ASSIGNED)
def test_program_trains_alike_compiled_and_annealed(program):
    network = narrow(program)
    call, counter = compiled(network)
    batches = [program.batch(start=start) for start in (0, 8)]
    assert_trains_the_same(program, call, network, batches)
    program.anneal(network, **program.later[0])
    assert_trains_the_same(program, call, network, batches)
    assert counter.frame_count <= 2 * program.graphs
