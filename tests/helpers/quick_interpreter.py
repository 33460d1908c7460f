"""Triton's interpreter without work that it does over and over: its result is not used, or is the same each time."""

import dataclasses
import functools
from typing import Any

from triton import language as tl
from triton.language.semantic import TritonSemantic
from triton.runtime import interpreter


class _Scope:
    """What a launch has patched, and which modules' functions have seen it."""

    def __init__(self, patched: Any, seen: set[int]) -> None:
        self._patched, self._seen = patched, seen

    def restore(self) -> None:
        self._seen.clear()
        self._patched.restore()


def quicken() -> None:
    """Make kernels run in less than half the time, with the same results.

    - Integers are not computed a second time in 64 bits to look for overflow: without the debug option the interpreter
      drops what it finds.
    - A function called by a kernel does not patch `triton.language` again: a launch does so once for each module.
    - Types, and what a tensor has by its type alone, are made once: they are never written to.
    - Operands of one shape are not compared dimension by dimension.
    """
    builder = interpreter.interpreter_builder
    if not builder.options.debug:
        builder.options = dataclasses.replace(builder.options, sanitize_overflow=False)
    patch, seen = interpreter._patch_lang, set()

    def patch_once(fn: Any) -> Any:
        if id(fn.__globals__) in seen:  # only calls by a kernel come here, and they drop what is returned
            return None
        seen.add(id(fn.__globals__))
        return _Scope(patch(fn), seen)

    interpreter._patch_lang = patch_once
    _keep_types()
    _pass_equal_shapes()


def _keep_types() -> None:
    """Types are told apart by their names: the classes of some cannot be hashed."""
    numpy_type, numpy_types = interpreter._get_np_dtype, {}

    def kept_numpy_type(dtype: tl.dtype) -> Any:
        if dtype.name not in numpy_types:
            numpy_types[dtype.name] = numpy_type(dtype)
        return numpy_types[dtype.name]

    blocks = {}

    def kept_block(element: tl.dtype, shape: Any) -> tl.block_type:
        key = (element.name, *shape)
        if key not in blocks:
            blocks[key] = tl.block_type(element, shape)
        return blocks[key]

    @functools.cache
    def extent(shape: tuple[int, ...]) -> tuple[Any, Any]:
        made = tl.tensor.__new__(tl.tensor)
        initialize(made, None, tl.block_type(tl.int1, list(shape)) if shape else tl.int1)
        return made.shape, made.numel

    initialize = tl.tensor.__init__

    def initialize_by_type(self: tl.tensor, handle: Any, type: tl.dtype) -> None:
        self.handle, self.type, self.dtype = handle, type, type.scalar
        self.shape, self.numel = extent((*type.shape,) if type.is_block() else ())

    interpreter._get_np_dtype = kept_numpy_type
    interpreter.InterpreterBuilder.get_block_ty = lambda self, element, shape: kept_block(element, shape)
    tl.block_type.with_element_ty = lambda self, element: kept_block(element, self.shape)
    tl.tensor.__init__ = initialize_by_type


def _pass_equal_shapes() -> None:
    broadcast = TritonSemantic.broadcast_impl_value

    def broadcast_others(self: TritonSemantic, lhs: tl.tensor, rhs: tl.tensor) -> tuple[tl.tensor, tl.tensor]:
        if lhs.shape is rhs.shape:
            return lhs, rhs
        return broadcast(self, lhs, rhs)

    TritonSemantic.broadcast_impl_value = broadcast_others
