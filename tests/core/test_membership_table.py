"""The configuration of all nodes side by side, as text."""

from __future__ import annotations

from tasks.core.membership_table import membership_lines, membership_table, shown_membership
from tests.core.formations import WITH_PAIR, formed, pending, unformed, wanting
from tests.core.snapshots import alter_membership, rest_silent


def test_keys_are_rows_and_nodes_are_columns_where_there_is_room() -> None:
    table = membership_table(shown_membership(formed()), width=160)
    assert table.header == ("  KEY", "gw-a", "gw-b", "gw-c")
    rows = {row[0].strip(): row[1:] for row in table.rows}
    assert rows["ControlAddress"] == ("10.0.0.1", "10.0.0.2", "10.0.0.3")
    assert rows["EnableClusterMembership"] == ("true", "true", "true")
    assert not any(row[0].startswith("*") for row in table.rows)


def test_where_it_is_narrow_equal_values_are_one_row() -> None:
    snapshot = alter_membership(formed(WITH_PAIR), "gw-b", discovery_time_s=30)
    table = membership_table(shown_membership(snapshot), width=80)
    assert table.header == ("  KEY", "VALUE", "NODES")
    assert ("  ControlPort", "9104", "all") in table.rows
    assert ("* DiscoveryTime", "10", "gw-a, gw-d1, gw-d2") in table.rows
    assert ("", "30", "gw-b") in table.rows


def test_a_key_that_should_be_alike_is_marked_and_an_address_is_not() -> None:
    shown = shown_membership(alter_membership(formed(), "gw-b", messaging_use_tls=True))
    assert shown.unlike == ("MessagingUseTLS",)
    assert "* not the same on all members: MessagingUseTLS" in membership_lines(shown)


def test_what_the_inventory_would_configure_is_said_where_it_differs() -> None:
    lines = list(membership_lines(shown_membership(wanting(formed(), "gw-b", control_port=9204))))
    assert "[gw-b] ControlPort is 9104, the inventory would configure 9204" in lines
    assert not [line for line in membership_lines(shown_membership(formed())) if "inventory" in line]


def test_who_is_outside_is_sent_to_the_task_that_takes_him_in() -> None:
    joining = membership_lines(shown_membership(formed(but=("gw-c",))))
    assert next(joining) == "[gw-c] is no member yet -> fab cluster.join gw-c"
    assert "[gw-a] is no member yet -> fab cluster.create" in membership_lines(shown_membership(unformed()))


def test_what_is_configured_and_not_in_force_is_pending() -> None:
    shown = shown_membership(pending(formed(but=("gw-c",)), "gw-c"))
    assert "[gw-c] configured, not in force: a member after its next restart" in membership_lines(shown)
    assert not any("not in force" in line for line in membership_lines(shown_membership(formed())))


def test_a_node_that_cannot_be_asked_has_a_column_of_question_marks() -> None:
    shown = shown_membership(rest_silent(formed(), "gw-b"))
    row = {row[0].strip(): row[1:] for row in membership_table(shown, width=160).rows}
    assert row["ControlPort"] == ("9104", "?", "9104")
    assert "[gw-b] could not be asked: connection refused" in membership_lines(shown)


def test_a_list_that_does_not_name_who_joined_later_is_shown_with_him() -> None:
    shown = shown_membership(alter_membership(formed(), "gw-a", discovery_server_list=("10.0.0.2:9104",)))
    (line,) = membership_lines(shown)
    assert line.startswith("[gw-a] DiscoveryServerList does not name every member")
    assert line.endswith("with all of them it is 10.0.0.2:9104,10.0.0.3:9104")


def test_the_list_of_a_pair_names_everybody_though_it_is_shorter() -> None:
    assert list(membership_lines(shown_membership(formed(WITH_PAIR)))) == []


def test_a_long_list_is_broken_at_its_commas_alone() -> None:
    seeds = tuple(f"192.168.100.{number}:9104" for number in range(1, 8))
    snapshot = alter_membership(formed(), "gw-a", discovery_server_list=seeds)
    cells = [row[1] for row in membership_table(shown_membership(snapshot), width=80).rows]
    (broken,) = (cell for cell in cells if seeds[0] in cell and seeds[6] in cell)
    assert broken.replace("\n", "") == ",".join(seeds)
    lines = broken.split("\n")
    assert len(lines) > 1
    assert all(item in seeds for line in lines for item in line.rstrip(",").split(","))
    assert max(map(len, lines)) <= 80 - 30 - len("gw-b, gw-c")
