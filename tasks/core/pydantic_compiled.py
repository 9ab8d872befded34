"""The compiled half of pydantic-core by itself, which is all that the reading of an inventory needs.

The package around it defines the types of every schema, for those who write some: that takes longer than to read an
inventory. Whoever imports the package later gets the same compiled half.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError as PydanticCustomError
    from pydantic_core import SchemaValidator as SchemaValidator
    from pydantic_core import ValidationError as ValidationError

_NAME = "pydantic_core._pydantic_core"


def _alone() -> ModuleType:
    if _NAME in sys.modules:
        return sys.modules[_NAME]
    package = find_spec("pydantic_core")
    spec = PathFinder.find_spec(_NAME, package.submodule_search_locations if package else None)
    if spec is None or spec.loader is None:
        raise ImportError(f"no {_NAME}: pip install -r requirements.txt", name=_NAME)
    module = module_from_spec(spec)
    sys.modules[_NAME] = module
    spec.loader.exec_module(module)
    return module


def __getattr__(name: str) -> object:
    return getattr(_alone(), name)
