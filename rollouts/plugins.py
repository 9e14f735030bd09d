"""Find the class that implements a port: first the file of that name, then entry points."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from importlib.metadata import entry_points
from typing import TypeVar, cast

from rollouts.errors import Fatal

Port = TypeVar("Port")


def load(port: type[Port], kind: str, *, package: str) -> type[Port]:
    """Return the one subclass of `port` in the module `package`.`kind`, or of that name in an installed plug-in.

    Plug-ins of others register under the entry point group `understudy.<package>`. Raises `Fatal` with the known kinds.
    """
    if kind in _files(package):
        found = _implementations(port, f"{package}.{kind}")
        if len(found) == 1:
            return found[0]
    for entry in entry_points(group=f"understudy.{package}", name=kind):
        return cast("type[Port]", entry.load())
    known = ", ".join(kinds(port, package=package))
    raise Fatal(f"no {port.__name__.lower()} is called {kind!r}", hint=f"known: {known}")


def kinds(port: type[Port], *, package: str) -> list[str]:
    """Return every kind that ships with this project. The contract tests run over all of them."""
    return [name for name in _files(package) if len(_implementations(port, f"{package}.{name}")) == 1]


def _files(package: str) -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(import_module(package).__path__))


def _implementations(port: type[Port], module_name: str) -> list[type[Port]]:
    classes = [member for member in vars(import_module(module_name)).values() if inspect.isclass(member)]
    return [c for c in classes if issubclass(c, port) and not inspect.isabstract(c) and c.__module__ == module_name]
