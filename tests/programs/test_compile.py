"""Every program compiled: one graph without a break, the eager gradients, whatever the batch sizes and the networks."""

from tests.programs.base import assert_same, assert_trains_the_same, compiled, gradients
from tests.programs.catalogue import ASSIGNED, COMPILER_WARNS, SOME, each

pytestmark = COMPILER_WARNS


@each()
def test_program_compiled_trains_as_in_eager_mode(program):
    network = program.network()
    call, counter = compiled(network)
    assert_trains_the_same(program, call, network, [program.batch(start=start) for start in (0, 8, 16)])
    assert counter.frame_count == 1


@each(SOME)
def test_program_compiled_reaches_its_result(program):
    network = program.network()
    call, counter = compiled(network)
    program.train(call)
    assert counter.frame_count == program.graphs
    assert program.result(network) > program.goal


@each()
def test_program_compiled_dynamic_follows_batch_sizes(program):
    network = program.network()
    call, counter = compiled(network, dynamic=True)
    assert_trains_the_same(program, call, network, [program.batch(size) for size in (8, 5, 12)])
    assert 1 <= counter.frame_count <= program.dynamic_graphs


@each(ASSIGNED)
def test_networks_of_one_class_share_compilations(program):
    counter = None
    for seed, values in enumerate([program.params, *program.later]):
        network = program.network(seed, **values)
        call, counter = compiled(network, counter=counter)
        assert_same(gradients(program, call, program.batch()), gradients(program, network, program.batch()))
    assert 1 <= counter.frame_count <= 2
