"""Memory is weighed right, in cases with known answers."""

import torch

from surroreg.bench.memory import peak_bytes, saved_bytes

SIZE = 4 * 1000


def test_peak_is_the_most_in_use_at_once():
    a = torch.randn(1000)

    def call():
        b = a + 1
        c = b * 2
        del b
        d = c + 1
        return (c + d).sum()  # c, d and their sum at once, and one number

    assert 3 * SIZE <= peak_bytes(call, "cpu") <= 3 * SIZE + 4


def test_peak_forgets_memory_that_is_given_back():
    a = torch.randn(1000)
    assert peak_bytes(lambda: [None for _ in range(3) if (a + 1) is None], "cpu") in range(SIZE, SIZE + 25)
    assert peak_bytes(lambda: [a + 1 for _ in range(3)], "cpu") in range(3 * SIZE, 3 * SIZE + 25)  # and numbers


def test_saved_memory_counts_once_and_without_what_exists():
    x, w = torch.randn(1000), torch.randn(1000, requires_grad=True)
    assert saved_bytes(lambda: (w * x).sum(), [x, w]) == 0  # saves x
    assert saved_bytes(lambda: (w * x).sum(), [w]) == SIZE
    assert saved_bytes(lambda: (w * x).exp().square().sum(), [x, w]) == SIZE  # exp and square save the same


def test_saved_memory_of_a_detached_part_does_not_count():
    w = torch.randn(1000, requires_grad=True)
    assert saved_bytes(lambda: (w.exp().detach() + w).sum(), [w]) == 0


def test_saved_memory_of_compiled_code_is_what_it_keeps():
    w = torch.randn(1000, requires_grad=True)

    def chain():
        return (2 * w).exp().sin().sum()

    compiled = torch.compile(chain, backend="aot_eager_decomp_partition")
    compiled()
    assert saved_bytes(chain, [w]) == SIZE  # the result of exp, for exp and for sin
    assert saved_bytes(compiled, [w]) == 0  # computed again from w
