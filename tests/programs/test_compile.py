"""Every program compiled: one graph without a break, the eager gradients, whatever the batch sizes and the values."""

from tests.programs.base import assert_same, assert_trains_the_same, compiled, differ, gradients, surrogates
from tests.programs.catalogue import ASSIGNED, COMPILER_WARNS, NORSE, SOME, each

pytestmark = COMPILER_WARNS


def anneal_in_turn(program, call, network):
    """Change one value of one surrogate at a time; compare the gradients of the compiled network each time."""
    batch = program.batch()
    before = gradients(program, network, batch)
    for place, spike in enumerate(surrogates(network)):
        for name, value in spike.params.items():
            setattr(spike, name, value * (1.5 + place / 8))
            after = gradients(program, network, batch)
            assert differ(after, before)
            assert_same(gradients(program, call, batch), after)
            before = after


def anneal_together(program, call, network):
    """Give all surrogates new values at once, then train a step; compare the gradients each time."""
    before = gradients(program, network, program.batch())
    for factor in (1.0, 1.2):
        for values in program.later:
            program.anneal(network, **{name: factor * value for name, value in values.items()})
            after = gradients(program, network, program.batch())
            assert differ(after, before)
            assert_trains_the_same(program, call, network, [program.batch()])
            before = after


# One compiled network for all of this: a compilation takes longer than the rest. Values change in turn first, because
# Dynamo then knows a single set of values. After a change of all at once it would take every value for a variable.
@each(ASSIGNED)
def test_program_compiled_and_annealed_compiles_at_most_twice(program):
    network = program.network()
    call, counter = compiled(network)
    assert_trains_the_same(program, call, network, [program.batch(start=start) for start in (0, 8, 16)])
    assert counter.frame_count == 1
    anneal_in_turn(program, call, network)
    assert counter.frame_count <= 2
    for seed, values in enumerate([program.params, *program.later]):  # other networks of the class share its graphs
        network = program.network(seed, **values)
        call, _ = compiled(network, counter=counter)
        expected = gradients(program, network, program.batch())
        assert_same(gradients(program, call, program.batch()), expected)
        if seed == 0:
            anneal_together(program, call, network)
    assert counter.frame_count <= 2


# Norse takes a surrogate as a text, and a compiler takes a text for a constant.
@each(NORSE)
def test_text_annealed_compiles_once_for_each_text(program):
    network = program.network()
    call, counter = compiled(network)
    assert_trains_the_same(program, call, network, [program.batch(start=start) for start in (0, 8, 16)])
    assert counter.frame_count == 1
    before = gradients(program, network, program.batch())
    for values in program.later:
        program.anneal(network, **values)
        after = gradients(program, network, program.batch())
        assert differ(after, before)
        assert_trains_the_same(program, call, network, [program.batch()])
        before = after
    assert counter.frame_count == 1 + len(program.later)


@each(SOME)
def test_program_compiled_reaches_its_result(program):
    network = program.network()
    call, counter = compiled(network)
    program.train(call)
    assert counter.frame_count == program.graphs
    assert program.result(network) > program.goal


@each(ASSIGNED)
def test_program_compiled_dynamic_follows_sizes_and_values(program):
    network = program.network()
    call, counter = compiled(network, dynamic=True)
    for size, values in zip((8, 5, 12), (program.params, *program.later), strict=False):
        program.anneal(network, **values)
        assert_trains_the_same(program, call, network, [program.batch(size)])
    assert 1 <= counter.frame_count <= program.dynamic_graphs


@each(NORSE)
def test_text_compiled_dynamic_follows_batch_sizes(program):
    network = program.network()
    call, counter = compiled(network, dynamic=True)
    assert_trains_the_same(program, call, network, [program.batch(size) for size in (8, 5, 12)])
    assert 1 <= counter.frame_count <= program.dynamic_graphs
