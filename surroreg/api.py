"""The public functions, on the registry of this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from surroreg.errors import SpecError, shortened
from surroreg.registry import process
from surroreg.registry.inventory import PluginInfo
from surroreg.registry.qualified import LOCAL
from surroreg.specs import SurrogateSpec
from surroreg.specs.imports import loaded_object

if TYPE_CHECKING:
    import torch

    from surroreg.module import Surrogate


def load(
    name: str, *, at_zero: int | None = None, saved_dtype: torch.dtype | str | None = None, **params: Any
) -> Surrogate:
    """Return a new surrogate by name.

    Args:
        name: ``"atan"``, an alias in any case (``"ATan"``), or ``"namespace/name"``.
        at_zero: value of the spike at exactly zero, 0 or 1; as the spec says (mostly 0) if not given.
        saved_dtype: a narrower dtype in which the backward pass keeps the input, to save memory: ``bfloat16``,
            ``float16``, ``float8_e5m2`` or ``float8_e4m3fn``, as a torch dtype or its name. The spikes stay the same;
            the gradient is the derivative at the nearest number of that dtype. An input that is as narrow is kept as
            it is.
        **params: values for its parameters; ``surroreg show NAME`` lists them. A tensor becomes a
            buffer, an ``nn.Parameter`` (best of shape ``(1,)``) is learnt if there is a primitive.
            Every surrogate with a derivative also takes ``scale``, a factor of the derivative, and
            ``shift``, by which it is moved (up, in membrane units; the step stays at zero).

    Returns:
        An ``nn.Module`` that maps a floating tensor ``membrane - threshold`` of any shape to spikes
        of the same shape, dtype and device. Every call returns an independent object.

    Raises:
        UnknownSurrogateError: no such name; the message has the nearest ones.
        AmbiguousSurrogateError: several plugins offer this bare name.
        PluginLoadError: the plugin of this namespace cannot be used; its own error is the cause.
        ParameterTypeError: a parameter is unknown, missing or of the wrong type.
        ParameterError: a parameter is out of bounds, NaN or infinite; or ``saved_dtype`` is another dtype, or given for
            a surrogate that keeps no input.
        SpecError: this version of PyTorch lacks the ``saved_dtype``.
        NoPrimitiveError: a learnable parameter, and no primitive to learn it by.

    Example:
        >>> import surroreg, torch
        >>> spike = surroreg.load("atan", alpha=2.0)
        >>> membrane = torch.tensor([-1.0, 0.0, 0.5], requires_grad=True)
        >>> spikes = spike(membrane)
        >>> spikes.tolist()
        [0.0, 0.0, 1.0]
        >>> spikes.sum().backward()
        >>> membrane.grad
        tensor([0.0920, 1.0000, 0.2884])
        >>> spike.alpha = 4.0  # takes effect at the next call
        >>> spike
        surroreg.load('atan', alpha=4.0)
    """
    return process.registry.find(name)[1](at_zero=at_zero, saved_dtype=saved_dtype, **params)


def names(pattern: str = "*", *, namespace: str | None = None) -> list[str]:
    """Return the names of all surrogates, sorted: built-ins bare, others as ``namespace/name``.

    Args:
        pattern: shell-style pattern, matched against the bare and the qualified name.
        namespace: only those of one plugin (``"builtin"``, ``"local"``, ...).

    Raises:
        UnknownSurrogateError: no plugin has that namespace.

    Example:
        >>> import surroreg
        >>> surroreg.names("*sigmoid", namespace="builtin")
        ['fast_sigmoid', 'sigmoid', 'sparse_fast_sigmoid']
    """
    return process.registry.names(pattern, namespace=namespace)


def spec(name: str) -> SurrogateSpec:
    """Return the description of a surrogate without building it; errors as for :func:`load`.

    Example:
        >>> import surroreg
        >>> spec = surroreg.spec("ATan")
        >>> spec.name, spec.formula
        ('atan', 'alpha/2/(1 + (pi/2*alpha*x)**2)')
        >>> spec.parameter("alpha").default
        2.0
        >>> spec(alpha=3)
        surroreg.load('atan', alpha=3.0)
    """
    return process.registry.find(name)[1]


def plugins() -> list[PluginInfo]:
    """Load all plugins; return a report on each: loaded, failed, unavailable or disabled."""
    return process.registry.plugins.infos()


def register(spec: SurrogateSpec, *, namespace: str = LOCAL) -> None:
    """Add a surrogate for this process, under the rules that hold for plugins.

    It is then ``load("name")``, or ``load("local/name")``. Registering again what was defined at the
    same place (a notebook cell run twice) replaces it.

    Raises:
        TypeError: ``spec`` is no :class:`SurrogateSpec`.
        SpecError: the namespace is malformed, or ``builtin``.
        DuplicateSurrogateError: the namespace has that name or alias from elsewhere.
    """
    process.registry.register(spec, namespace=namespace)


def refresh() -> None:
    """Forget the plugins; the next call that needs one scans the environment again. Registered specs stay."""
    process.registry.plugins.refresh()


def from_config(config: Mapping[str, Any], *, allow_imports: bool = False) -> Surrogate:
    """Return the surrogate that ``Surrogate.to_config`` described.

    A config is data: it chooses among what is built in, registered or installed as a plugin, and imports nothing else.

    Args:
        config: ``{"name": ..., "params": {...}}``, and maybe ``"at_zero"`` and ``"saved_dtype"``.
        allow_imports: whether a name or a callable ``"package.module:name"`` in it imports that module. Otherwise the
            module must be imported already.

    Raises:
        SpecError: the config is malformed, or names a callable in a module that is not imported.
        UnknownSurrogateError: no such name, or one in a module that is not imported.
        SurroregError: as for :func:`load`.
    """
    from surroreg.module.values import from_plain

    options = {"at_zero", "saved_dtype"}
    if (
        not isinstance(config, Mapping)
        or not isinstance(config.get("name"), str)
        or config.keys() - options - {"name", "params"}
    ):
        raise SpecError(
            "a config is a mapping with 'name', 'params' and maybe 'at_zero' and 'saved_dtype', "
            f"not {shortened(config)}."
        )
    params = config.get("params", {})
    if not isinstance(params, Mapping) or not all(isinstance(key, str) for key in params):
        raise SpecError(f"the 'params' of a config map names to values; got {shortened(params)}.")
    _, spec = process.registry.find(config["name"], may_import=allow_imports)
    callables = {p.name for p in spec.parameters if p.type is Callable}
    values = {key: from_plain(value) for key, value in params.items()}
    for key in callables & values.keys() if not allow_imports else ():
        if isinstance(values[key], str):
            values[key] = loaded_object(values[key])
    return spec(**{key: config[key] for key in options & config.keys()}, **values)
