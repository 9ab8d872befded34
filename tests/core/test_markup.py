"""Elements: what is no markup is escaped, wherever it stands."""

from __future__ import annotations

from tasks.core.markup import Markup, element, joined


def test_texts_and_values_are_escaped_and_elements_are_not() -> None:
    inner = element("b", "<i>")
    assert inner == Markup("<b>&lt;i&gt;</b>")
    assert element("p", inner, " & more", title="\"'>").text == (
        '<p title="&quot;&#x27;&gt;"><b>&lt;i&gt;</b> &amp; more</p>'
    )


def test_names_of_attributes_are_those_of_the_page() -> None:
    made = element("rect", class_="state", text_anchor="end", viewBox="0 0 1 1", x=1 / 3, height=12.0)
    assert made.text == '<rect class="state" text-anchor="end" viewBox="0 0 1 1" x="0.333333" height="12"/>'
    assert element("meta", name="viewport").text == '<meta name="viewport">'


def test_lines_stay_lines_and_what_is_not_printable_is_shown_as_such() -> None:
    assert joined(["a\nb\x1b[31m\u202e"]).text == "a\nb?[31m?"
