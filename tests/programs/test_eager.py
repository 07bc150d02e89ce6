"""Every program in eager mode: it reaches its result, with its values fixed and with values that change."""

from tests.programs.base import differ, gradients
from tests.programs.catalogue import each


@each()
def test_program_in_eager_mode_reaches_its_result(program):
    network = program.network()
    assert program.result(network) < program.goal
    program.train(network)
    assert program.result(network) > program.goal


@each()
def test_program_annealed_reaches_its_result(program):
    network, settings = program.network(), [program.params, *program.later]
    epochs = 2 * program.epochs  # the last values learn the least, and the slowest
    for epoch in range(epochs):
        program.anneal(network, **settings[epoch * len(settings) // epochs])
        program.train(network, epochs=1)
    assert program.result(network) > program.goal


@each()
def test_program_annealed_has_another_gradient_each_time(program):
    network, batch = program.network(), program.batch()
    before = gradients(program, network, batch)
    for values in program.later:
        program.anneal(network, **values)
        after = gradients(program, network, batch)
        assert differ(after, before)
        before = after
