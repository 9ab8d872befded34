"""Where our files lie on a node: never in the tree that HA sync replaces, always beside their target."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tasks.core.places import data_of, places, work_dir
from tests.core.snapshots import DATA, KEYSTORE, TRUSTSTORE, single

NODE = single("gw-a").nodes[0]
CFG = DATA / "data/config/server.cfg"
OUTSIDE = PurePosixPath("/srv/amlen/keystore")
HOME = DATA / "data"
SYNCED = DATA / "data/certificates"


@pytest.mark.parametrize("target", [KEYSTORE, TRUSTSTORE, CFG.parent])
def test_inside_the_data_directory_work_is_done_beside_the_synced_tree(target: PurePosixPath) -> None:
    assert work_dir(HOME, target) == DATA / "data/.fab-tls"
    assert not work_dir(HOME, target).is_relative_to(SYNCED)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(OUTSIDE, id="another tree"),
        pytest.param(DATA / "data2/keystore", id="a name that only begins alike"),
    ],
)
def test_a_target_elsewhere_has_its_work_directory_on_its_own_file_system(target: PurePosixPath) -> None:
    assert work_dir(HOME, target) == target / ".fab-tls"


def test_a_run_stages_each_file_where_a_rename_can_make_it_live() -> None:
    at = places(HOME, run="r1", keystore=OUTSIDE, truststore=TRUSTSTORE, cfg=CFG)
    home = DATA / "data/.fab-tls/r1"
    assert at.key_stage == OUTSIDE / ".fab-tls/r1/stage"
    assert at.ca_stage == at.cfg_stage == home / "stage"
    assert at.backup == home / "backup"
    assert at.stages == (at.key_stage, at.ca_stage)


def test_backups_of_a_keystore_inside_stand_outside_the_synced_tree() -> None:
    at = places(HOME, run="r1", keystore=KEYSTORE, truststore=TRUSTSTORE, cfg=CFG)
    assert not any(path.is_relative_to(SYNCED) for path in (*at.stages, at.backup))
    assert at.stages == (at.key_stage,)
    assert at.backup not in at.stages


def test_two_runs_share_no_directory() -> None:
    one, two = (
        places(HOME, run=run, keystore=OUTSIDE, truststore=TRUSTSTORE, cfg=CFG) for run in ("r1", "r2")
    )
    assert not {*one.stages, one.backup} & {*two.stages, two.backup}


def test_the_data_directory_is_that_of_the_product() -> None:
    assert data_of(NODE) == DATA / "data"
