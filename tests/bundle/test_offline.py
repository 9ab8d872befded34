"""What make bundle made, on a machine without network, without this clone and without our packages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from glob import glob
from hashlib import sha256
from pathlib import Path

import pytest
from bundle.archives import write_fab
from bundle.site import our_files, release_of
from bundle.wheels import PYTHONS, merged

from tests.bundle.bastion import PROJECT, Bastion, bastion
from tests.conftest import BUNDLE

SYSTEM = "/usr/bin:/bin:/usr/sbin:/sbin"

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("unshare", "nsenter"))),
    reason="network and mount namespaces need root, unshare and nsenter",
)


def _is_here(version: str) -> bool:
    """Also where a shim stands for one that is not chosen."""
    found = shutil.which(f"python{version}")
    return (
        found is not None
        and subprocess.run((found, "-c", ""), capture_output=True, check=False).returncode == 0
    )


def _interpreter(version: str) -> Path | None:
    """That Python itself, if it is on this machine: on the PATH, or beside the one that runs us."""
    if _is_here(version):
        words = (f"python{version}", "-c", "import sys; print(sys.executable)")
        return Path(subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip())
    others = Path(sys.base_prefix).parent.glob(f"{version}*/bin/python{version}")
    return next(iter(sorted(others)), None)


@pytest.fixture(scope="module")
def made(pytestconfig: pytest.Config) -> Path:
    return Path(str(pytestconfig.getoption(BUNDLE))).absolute()


@pytest.fixture(scope="module")
def there(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bastion]:
    place = tmp_path_factory.mktemp("bastion")
    (place / "opt").mkdir()
    shutil.copy2(made / "fab", place / "opt" / "fab")
    (wheelhouse,) = made.glob(f"*-{os.uname().machine}.tar.gz")
    with tarfile.open(wheelhouse) as archive:
        archive.extractall(place / "opt", filter="data")
    with bastion(place) as found:
        yield found


@pytest.fixture(scope="module", params=PYTHONS)
def path(request: pytest.FixtureRequest, there: Bastion) -> str:
    """A PATH with one Python on it, in an environment of its own: nothing is installed there."""
    if (interpreter := _interpreter(request.param)) is None:
        pytest.skip(f"there is no Python {request.param} on this machine")
    home = there.place / f"python{request.param}"
    subprocess.run((interpreter, "-m", "venv", "--without-pip", home), check=True)
    return f"{home}/bin:{there.place}/opt:{SYSTEM}"


@pytest.fixture(scope="module")
def lab(there: Bastion) -> Iterator[Path]:
    """Brought up by the bundle itself."""
    path = f"{there.place}/opt:{SYSTEM}"
    shape = ("--members", "2", "--pairs", "0", "--speed", "40")
    there.run("fab", "lab.up", "--dir", str(there.place / "lab"), *shape, path=path).ok()
    yield there.place / "lab" / "inventory.yaml"
    there.run("fab", "lab.down", "--dir", str(there.place / "lab"), path=path).ok()


def test_there_is_no_network_there_no_clone_and_no_package_of_ours(there: Bastion, path: str) -> None:
    seen = there.run("sh", "-c", f"ls -A {PROJECT}; ip -o link show up | wc -l", path=path).ok()
    assert seen.stdout == "1\n"
    for package in ("fabric", "pydantic", "cryptography", "tasks"):
        assert (
            f"No module named '{package}'"
            in there.run("python3", "-c", f"import {package}", path=path).stderr
        )


def test_it_names_its_version_and_its_commit(there: Bastion, path: str) -> None:
    said = there.run("fab", "--version", path=path).ok().stdout
    assert re.match(r"amlen-cluster-tls [0-9.]+ \(commit [0-9a-f]{12}", said)
    assert f"({there.place}/python" in said
    assert "remedies" not in said


def test_it_lists_every_task(there: Bastion, path: str) -> None:
    here = subprocess.run(
        (Path(sys.executable).with_name("fab"), "--list"),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.run("fab", "--list", path=path).ok().stdout == here.stdout


def test_a_bad_inventory_is_exit_code_2_with_all_its_faults(there: Bastion, path: str) -> None:
    (there.place / "work" / "bad.yaml").write_text(
        "clusters: {a: {members: {x: {hots: 10.0.0.1}}, colour: red}}\n"
    )
    ran = there.run("fab", "status", "--inventory", "bad.yaml", path=path)
    assert ran.code == 2
    assert "hots" in ran.stderr
    assert "colour" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_status_of_a_cluster_is_shown(there: Bastion, path: str, lab: Path) -> None:
    ran = there.run("fab", "status", "--inventory", str(lab), path=path).ok()
    assert "healthy: 2 members, 2 nodes, all connected" in ran.stdout


def test_no_inventory_names_an_example_that_is_there(there: Bastion, path: str) -> None:
    ran = there.run("fab", "status", path=path)
    assert ran.code == 2
    found = re.search(r"to begin with one: cp (\S+) \.", ran.stderr)
    assert found
    assert Path(found.group(1)).read_text() == (PROJECT / "inventory.yaml").read_text()


def test_a_whole_migration_is_rehearsed(there: Bastion, path: str) -> None:
    ran = there.run("fab", "rehearse", "--members", "1", "--pairs", "1", "--speed", "40", path=path).ok()
    assert "complete: healthy: 2 members, 3 nodes, all connected" in ran.stdout


def test_without_an_sshd_the_rehearsal_names_what_to_install(there: Bastion) -> None:
    hidden = "".join(f"mount --bind /dev/null {found}; " for found in glob("/usr*/sbin/sshd"))
    words = (
        "unshare",
        "--mount",
        "sh",
        "-c",
        f'{hidden}exec "$0" "$@"',
        f"{there.place}/opt/fab",
        "rehearse",
    )
    ran = there.run(*words, path=SYSTEM)
    assert ran.code == 2
    assert "-> apt-get install openssh-server" in ran.stderr


def test_another_user_runs_it_with_a_home_of_its_own(there: Bastion) -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own directories are closed to others
        os.chown(place, 65534, 65534)
        shutil.copy2(there.place / "opt" / "fab", place)
        words = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{place}/fab", "--version")
        ran = there.run("env", f"HOME={place}", *words, path=SYSTEM).ok()
        assert f"{place}/.cache/amlen-cluster-tls/" in ran.stdout


def test_the_wheelhouse_installs_and_runs(there: Bastion, path: str, lab: Path) -> None:
    (installer,) = (there.place / "opt").glob("*/install.sh")
    version = path.partition("/bin:")[0].rpartition("python")[2]
    target = there.place / f"installed here {version}"
    interpreter = _interpreter(version)
    assert interpreter is not None
    ran = there.run("sh", str(installer), str(target), path=f"{interpreter.parent}:{SYSTEM}").ok()
    assert re.match(r"amlen-cluster-tls [0-9.]+ \(commit [0-9a-f]{12}", ran.stdout)
    assert f"Python {version}." in ran.stdout
    shown = there.run(str(target / "fab"), "status", "--inventory", str(lab), path=SYSTEM).ok()
    assert "healthy: 2 members, 2 nodes, all connected" in shown.stdout


def test_a_wheel_that_was_changed_on_its_way_is_not_installed(there: Bastion) -> None:
    (whole,) = (there.place / "opt").glob("amlen-*")
    changed = there.place / "changed"
    shutil.copytree(whole, changed)
    (wheel,) = (changed / "wheels").glob("fabric-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    ran = there.run("sh", str(changed / "install.sh"), str(there.place / "not-installed"), path=SYSTEM)
    assert ran.code == 2
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in ran.stderr
    assert not (there.place / "not-installed" / "fab").exists()


def test_made_again_of_the_same_wheels_it_is_the_same(there: Bastion, made: Path, tmp_path: Path) -> None:
    (whole,) = (there.place / "opt").glob("amlen-*")
    tree = {**merged(sorted((whole / "wheels").glob("*.whl"))), **our_files()}
    write_fab(tmp_path / "fab", tree, release_of(tree, machine=os.uname().machine))
    again, before = (sha256((place / "fab").read_bytes()).hexdigest() for place in (tmp_path, made))
    assert again == before
