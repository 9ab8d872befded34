"""Where a secret is found; the secret itself is never in the inventory."""

from __future__ import annotations

from pathlib import Path

from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class EnvSecret:
    variable: str


@dataclass(frozen=True, slots=True)
class FileSecret:
    path: Path


@dataclass(frozen=True, slots=True)
class CommandSecret:
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyringSecret:
    service: str
    user: str


@dataclass(frozen=True, slots=True)
class PromptSecret:
    label: str


SecretRef = EnvSecret | FileSecret | CommandSecret | KeyringSecret | PromptSecret
