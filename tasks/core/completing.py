"""What may come next on a command line of `fab`: pure rules over the words that are there, for the shells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import Enum, auto

from tasks.core.dataclass import dataclass
from tasks.core.inventory_names import ClusterNames


class Kind(Enum):
    """What is wanted at the place that is being typed."""

    TASK = auto()
    OPTION = auto()
    CLUSTER = auto()
    MEMBER = auto()
    PAIR = auto()
    NODE = auto()
    RUN = auto()
    PLAN = auto()  # a fingerprint
    CHOICE = auto()
    OTHER = auto()  # a file, a number, a text: the shell's own completion


@dataclass(frozen=True, slots=True)
class TaskWords:
    """What a task takes.

    Args:
        options: "--yes", and whether a value follows it.
        words: Its positionals, by name.
    """

    options: Mapping[str, bool]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A command line up to the word that is being typed.

    Args:
        option: Whose value is being typed; "" if that of none.
        given: The values of the options before, the last of each.
        open_words: The positionals that were not typed yet.
    """

    task: str = ""
    option: str = ""
    used: frozenset[str] = frozenset()
    given: Mapping[str, str] = field(default_factory=dict)
    open_words: tuple[str, ...] = ()


Tasks = Mapping[str, TaskWords]

CORE = TaskWords({"--help": True, "--list": False, "--version": False})  # of Invoke's own the useful ones
STRATEGIES = ("auto", "renew", "overlap", "bridge", "prescribed")
_BY_OPTION = {
    "--cluster": Kind.CLUSTER,
    "--observer": Kind.MEMBER,
    "--member": Kind.MEMBER,
    "--revoke": Kind.MEMBER,
    "--unrevoke": Kind.MEMBER,
    "--node": Kind.NODE,
    "--primary": Kind.NODE,
    "--run": Kind.RUN,
    "--break-lock": Kind.RUN,
    "--approve": Kind.PLAN,
    "--help": Kind.TASK,
}
_OF_PAIRS = ("ha.create", "ha.migrate", "restart-standbys")
CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "--strategy"): STRATEGIES,
    ("", "--use"): ("cluster", "ha"),
    ("", "--progress"): ("auto", "plain", "json"),
    ("ha.migrate", "--way"): ("auto", "documented", "overlap"),
    ("credentials.create", "--kind"): ("shared", "ca"),
    ("credentials.request", "--kind"): ("shared", "member"),
    ("rehearse", "--kind"): ("shared", "ca"),
    ("cluster.require-certificates", "--value"): ("true", "false"),
    ("completion", "--shell"): ("bash", "zsh", "fish"),
    ("lab.up", "--product"): ("amlen", "messagesight"),
    ("lab.up", "--legacy-version"): ("5.0", "2.0"),
    ("lab.up", "--service"): ("script", "systemd", "docker", "podman"),
}


def read_line(words: Sequence[str], tasks: Tasks) -> Line:
    """What the words say, `fab` and the one that is being typed left out. Never raises."""
    line = Line()
    for word in words:
        line = _after(line, word, tasks)
    return line


def _after(line: Line, word: str, tasks: Tasks) -> Line:
    name, equals, value = word.partition("=")
    if line.option:
        return _with(line, option="", given={**line.given, line.option: word})
    if word.startswith("-"):
        options = _options(line, tasks)
        given = {**line.given, name: value} if equals else line.given
        waits = options.get(name, False) and not equals
        return _with(line, option=name if waits else "", given=given, used=line.used | {name})
    if line.open_words:
        first, *rest = line.open_words
        return _with(line, given={**line.given, f"--{first}": word}, open_words=tuple(rest))
    if word in tasks:
        return Line(task=word, open_words=tasks[word].words)
    return line


def _with(line: Line, **change: object) -> Line:
    values = {name: getattr(line, name) for name in ("task", "option", "used", "given", "open_words")}
    return Line(**{**values, **change})


def _options(line: Line, tasks: Tasks) -> Mapping[str, bool]:
    return tasks[line.task].options if line.task else CORE.options


def wanted(line: Line, typed: str) -> Kind:
    """What is being typed."""
    if line.option:
        return _kind(line, line.option)
    if typed.startswith("-"):
        return Kind.OPTION
    if line.open_words:
        return _kind(line, f"--{line.open_words[0]}")
    return Kind.OPTION if line.task else Kind.TASK


def _kind(line: Line, option: str) -> Kind:
    if _choices(line, option):
        return Kind.CHOICE
    found = _BY_OPTION.get(option, Kind.OTHER)
    return Kind.PAIR if found is Kind.MEMBER and line.task in _OF_PAIRS else found


def _choices(line: Line, option: str) -> tuple[str, ...]:
    return CHOICES.get((line.task, option), CHOICES.get(("", option), ()))


def words_for(line: Line, kind: Kind, tasks: Tasks) -> tuple[str, ...]:
    """Of the kinds that need neither inventory nor runs."""
    if kind is Kind.TASK:
        return tuple(tasks)
    if kind is Kind.OPTION:
        used = line.used - {"--ignore", "--member"}  # those may be given several times
        return tuple(option for option in _options(line, tasks) if option not in used)
    if kind is Kind.CHOICE:
        return _choices(line, line.option or f"--{line.open_words[0]}")
    return ()


def names_for(line: Line, kind: Kind, clusters: Iterable[ClusterNames]) -> tuple[str, ...]:
    """Names of the inventory; of the cluster that is named on the line, else of all."""
    known = tuple(clusters)
    if kind is Kind.CLUSTER:
        return tuple(each.cluster for each in known)
    named = line.given.get("--cluster", "")
    chosen = tuple(each for each in known if named in ("", each.cluster))
    attribute = {Kind.MEMBER: "members", Kind.PAIR: "pairs", Kind.NODE: "nodes"}[kind]
    return tuple(dict.fromkeys(name for each in chosen for name in getattr(each, attribute)))


def fitting(candidates: Iterable[str], typed: str) -> tuple[str, ...]:
    return tuple(each for each in candidates if each.startswith(typed))
