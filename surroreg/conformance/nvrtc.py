"""NVRTC, NVIDIA's compiler for GPUs. PyTorch compiles fused kernels with it. It needs no GPU and no driver."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from surroreg.errors import SurroregError
from surroreg.registry.metadata import metadata

#: The distributions that have the library: for CUDA 13, and for CUDA 12.
DISTRIBUTIONS = ("nvidia-cuda-nvrtc", "nvidia-cuda-nvrtc-cu12")
#: The oldest architecture, as NVRTC counts them: that of the Turing GPUs, of 2018.
OLDEST = 75
#: The options of PyTorch's jiterator, and one more: the log then lists the memory of every kernel.
OPTIONS = ("--std=c++17", "-default-device", "--ptxas-options=-v")
PRECISIONS = ("float", "double")

_LIBRARY = re.compile(r"libnvrtc\.so\.\d+|nvrtc64_\d+_0\.dll")
_MEMORY = re.compile(r"Function properties for (\w+)\n\D*(\d+) bytes stack frame, (\d+) bytes spill stores")
#: An instruction, not the declaration of its registers.
_DOUBLE = re.compile(r"^\s*([a-z@].*\.f64.*);", re.M)
_SUCCESS, _COMPILATION_ERROR = 0, 6


class MissingNvrtcError(SurroregError):
    """NVRTC is not installed."""


class CompilationError(SurroregError):
    """NVRTC refuses a program; the message is its log."""


@dataclass(frozen=True)
class Compiled:
    """A program as it is compiled.

    Args:
        assembly: the PTX, NVIDIA's assembly for a family of GPUs.
        memory: the bytes of local memory of each function in the machine code; empty if there is no machine code.
    """

    assembly: str
    memory: dict[str, int]


class Nvrtc:
    """The library.

    Args:
        path: its file.
    """

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.nvrtcGetErrorString.restype = ctypes.c_char_p
        count = ctypes.c_int()
        self._call("GetNumSupportedArchs", ctypes.byref(count))
        known = (ctypes.c_int * count.value)()
        self._call("GetSupportedArchs", known)
        #: The architectures that it compiles for, from the oldest on: 90 is ``sm_90``.
        self.architectures = [number for number in sorted(known) if number >= OLDEST]

    def _call(self, name: str, *arguments: Any, accepted: tuple[int, ...] = (_SUCCESS,)) -> int:
        status: int = getattr(self._library, f"nvrtc{name}")(*arguments)
        if status not in accepted:
            raise SurroregError(f"nvrtc{name}: {self._library.nvrtcGetErrorString(status).decode()}")
        return status

    def compile(self, program: str, architecture: str) -> Compiled:
        """Compile CUDA C++ for ``"compute_90"``, which gives assembly only, or for ``"sm_90"``.

        Raises:
            CompilationError: the program is wrong.
            SurroregError: NVRTC does not know the architecture, or its log cannot be read.
        """
        handle = ctypes.c_void_p()
        self._call("CreateProgram", ctypes.byref(handle), program.encode(), b"kernel.cu", 0, None, None)
        try:
            options = [option.encode() for option in (*OPTIONS, f"--gpu-architecture={architecture}")]
            values = (ctypes.c_char_p * len(options))(*options)
            accepted = (_SUCCESS, _COMPILATION_ERROR)
            status = self._call("CompileProgram", handle, len(options), values, accepted=accepted)
            log = self._text("ProgramLog", handle)
            if status:
                raise CompilationError(log.strip())
            memory = {name: max(int(stack), int(spilled)) for name, stack, spilled in _MEMORY.findall(log)}
            if architecture.startswith("sm_") and not memory:
                raise SurroregError(f"the log of NVRTC does not list the memory of the kernels: {log.strip()}")
            return Compiled(self._text("PTX", handle), memory)
        finally:
            self._call("DestroyProgram", ctypes.byref(handle))

    def _text(self, name: str, handle: ctypes.c_void_p) -> str:
        size = ctypes.c_size_t()
        self._call(f"Get{name}Size", handle, ctypes.byref(size))
        text = ctypes.create_string_buffer(size.value)
        self._call(f"Get{name}", handle, text)
        return text.value.decode(errors="replace")


def _installed() -> Iterator[Any]:
    """Yield the installed distributions that have the library."""
    for name in DISTRIBUTIONS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            yield metadata.distribution(name)


def version() -> str:
    """Return the version of the library that :func:`load` returns, or an empty text if there is none."""
    return next((found.version for found in _installed()), "")


@functools.cache
def load() -> Nvrtc:
    """Return the library that is installed with one of the distributions.

    Raises:
        MissingNvrtcError: none is installed.
    """
    for distribution in _installed():
        for file in distribution.files or ():
            if _LIBRARY.fullmatch(file.name):
                return Nvrtc(str(file.locate()))
    raise MissingNvrtcError(
        f"NVRTC, the compiler for GPUs, is not installed: pip install {DISTRIBUTIONS[0]} "
        f"(for CUDA 12: {DISTRIBUTIONS[1]}). It needs no GPU."
    )


def generations(architectures: Iterable[int]) -> list[int]:
    """Return the first architecture of each generation. The others of a generation run the same machine code."""
    return [next(group) for _, group in itertools.groupby(architectures, lambda number: number // 10)]


def program(code: str, numbers: int, precisions: Iterable[str]) -> str:
    """Return CUDA C++: the function ``vjp`` of :func:`surroreg.formula.cpp.code`, and one kernel for each precision.

    Args:
        code: the function, a template.
        numbers: how many parameters it takes, which are passed by value, as PyTorch's jiterator does.
        precisions: ``"float"``, ``"double"``.
    """
    lines = [code]
    for real in precisions:
        declared = "".join(f", {real} p{place}" for place in range(numbers))
        passed = "".join(f", p{place}" for place in range(numbers))
        lines.append(
            f'extern "C" __global__ void {real}_kernel(int size, const {real}* x, const {real}* grad, {real}* out'
            f"{declared}) {{ int i = blockIdx.x * blockDim.x + threadIdx.x; "
            f"if (i < size) out[i] = vjp<{real}>(x[i], grad[i]{passed}); }}"
        )
    return "\n".join(lines)


def faults(code: str, numbers: int, architectures: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the code of a kernel: where, and what.

    It must compile in both precisions, without double precision in the kernel of floats, and without local memory.
    CUDA's own sin, cos and tan have slow branches for huge arguments, with double precision and with local memory.
    Where the code calls them, it is compiled with sinh, cosh and tanh in their places.

    Args:
        code: the function, a template.
        numbers: how many parameters it takes.
        architectures: the architectures to compile for.

    Raises:
        MissingNvrtcError: NVRTC is not installed.
    """
    nvrtc, architectures = load(), list(architectures)
    code = re.sub(r"::(sin|cos|tan)\(", r"::\1h(", code)
    both, floats = (program(code, numbers, precisions) for precisions in (PRECISIONS, PRECISIONS[:1]))
    for number in architectures:
        try:
            memory = nvrtc.compile(both, f"sm_{number}").memory
        except CompilationError as error:
            yield f"sm_{number}", str(error)
            return  # the others would repeat it
        for function, size in memory.items():
            if size:
                yield f"sm_{number}", f"{size} bytes of local memory for each element in {function}"
    # One assembly is enough: the precision of its instructions is that of the program.
    assembly = nvrtc.compile(floats, f"compute_{architectures[0]}").assembly
    if instructions := _DOUBLE.findall(assembly):
        yield f"sm_{architectures[0]}", f"double precision in the kernel of floats: {' '.join(instructions[0].split())}"
