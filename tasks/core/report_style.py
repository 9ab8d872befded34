"""The one style of a report's page: dark and light by the reader's own choice, and for paper."""

from __future__ import annotations

import base64
import hashlib

_LIGHT = """
--page:#f6f7f9;--card:#fff;--ink:#1c2430;--quiet:#5b6675;--line:#dde2e9;--code:#eef1f5;
--good:#1a7f47;--good-bg:#e3f4ea;--open:#8a5a00;--open-bg:#fdf1d8;--bad:#b3261e;--bad-bg:#fce8e6;
--ready:#3a9d68;--standby:#5f83b5;--waiting:#ecc94b;--starting:#f0883a;--down:#c23b31;--stopping:#8d4a8f;
--maintenance:#4d5bce;--unseen:#a9b3c0;--connected:#9cc3e6;--apart:#d6336c;--round-a:#eef3fa;--round-b:#f7f4ec;
"""
_DARK = """
--page:#12161c;--card:#1a2028;--ink:#e4e8ee;--quiet:#98a4b3;--line:#2e3743;--code:#232b35;
--good:#6fd69a;--good-bg:#173325;--open:#f0c05a;--open-bg:#3a2d10;--bad:#ff8f86;--bad-bg:#43201d;
--ready:#4fbf82;--standby:#7fa3d6;--waiting:#d9b93b;--starting:#ef8d45;--down:#e0594e;--stopping:#b877ba;
--maintenance:#8490f0;--unseen:#66717f;--connected:#3d6c96;--apart:#f0608f;--round-a:#1f2733;--round-b:#26241d;
"""
_RULES = """
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}
h2{font-size:18px;margin:0 0 12px}
.lead{color:var(--quiet);margin:0 0 18px;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:0 0 18px}
.verdict{border-radius:10px;padding:14px 20px;margin:0 0 18px;border:1px solid;font-weight:600;overflow-wrap:anywhere}
.verdict.good{color:var(--good);background:var(--good-bg)}
.verdict.open{color:var(--open);background:var(--open-bg)}
.verdict.bad{color:var(--bad);background:var(--bad-bg)}
.verdict b{text-transform:uppercase;letter-spacing:.06em;margin-right:10px}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 20px;margin:0}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--standby);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{text-align:left;vertical-align:top;padding:6px 14px 6px 0;border-bottom:1px solid var(--line)}
th{color:var(--quiet);font-weight:600;white-space:nowrap}
td{white-space:pre-line;overflow-wrap:break-word}
tr:last-child td{border-bottom:0}
.fixed,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:12.5px}
.sha{word-break:break-all;min-width:21em}
.no-wrap{white-space:nowrap}
.wide{min-width:17em;max-width:34em}
.number{text-align:right!important;white-space:nowrap;font-variant-numeric:tabular-nums}
.facts{color:var(--quiet);font-size:12px;overflow-wrap:anywhere}
.done,.proven,.ok{color:var(--good)}
.failed,.interrupted,.altered{color:var(--bad);font-weight:600}
.begun,.loaded{color:var(--open)}
.quiet{color:var(--quiet)}
p{margin:0 0 10px}
dl+p{margin-top:12px}
p:last-child,ul:last-child{margin-bottom:0}
ul{margin:0 0 10px;padding-left:20px}
summary{cursor:pointer;color:var(--quiet)}
details{margin-top:12px}
details>*+*{margin-top:10px}
.picture{overflow-x:auto}
svg.timeline{display:block;width:100%;min-width:760px;height:auto;font-family:inherit}
svg text{fill:var(--ink);font-size:11px}
svg .label{font-size:12.5px}
svg .small{font-size:11px}
svg text.quiet,svg .tick,svg .date{fill:var(--quiet)}
svg .round-name{fill:var(--quiet);font-size:11.5px;font-weight:600}
svg .grid,svg .base{stroke:var(--line);stroke-width:1}
.round-0{fill:var(--round-a)}.round-1{fill:var(--round-b)}
svg .step{stroke:var(--quiet);stroke-width:1.2}
svg .step-restart{stroke:var(--ink);stroke-width:1.6}
svg .step-wrong{stroke:var(--bad);stroke-width:2.4}
svg .cue{stroke:var(--quiet);stroke-width:.7;stroke-dasharray:2 3}
svg .cue-wrong{stroke:var(--bad);stroke-width:1.2}
svg .step-name.wrong{fill:var(--bad);font-weight:600}
.ready{fill:var(--ready)}.standby{fill:var(--standby)}.waiting{fill:var(--waiting)}.starting{fill:var(--starting)}
.down,.away{fill:var(--down)}.stopping{fill:var(--stopping)}.maintenance{fill:var(--maintenance)}
.unseen{fill:var(--unseen)}.connected{fill:var(--connected);shape-rendering:crispEdges}rect.apart{fill:var(--apart)}
svg .pause{fill:var(--page);stroke:var(--line)}
svg .pause-name{fill:var(--quiet);font-size:10.5px}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;padding:0;margin:12px 0 0;font-size:13px;
color:var(--quiet)}
.swatch{vertical-align:-1px}
footer{color:var(--quiet);font-size:13px}
@media (max-width:640px){main{padding:16px 10px 40px}section,.verdict{padding:14px 12px}
dl{grid-template-columns:1fr}dd{margin-bottom:8px}h1{font-size:21px}}
"""
_PAPER = """
body{background:#fff;font-size:10.5pt}
main{max-width:none;padding:0}
section,.verdict{break-inside:auto;border-radius:0;border-width:0 0 1px;padding:8px 0;background:none}
h2,p.quiet{break-after:avoid}
details:not([open]){display:none}
tr,svg.timeline,.legend{break-inside:avoid}
thead{display:table-header-group}
table{font-size:8.5pt}.fixed,code{font-size:7.5pt}
.scroll,.picture{overflow:visible}
svg.timeline{min-width:0}
.sha,.wide{min-width:0;max-width:none}
td{overflow-wrap:anywhere}
rect,.swatch,.verdict{print-color-adjust:exact;-webkit-print-color-adjust:exact}
"""
STYLE = "".join(
    (
        ":root{color-scheme:light dark;" + _LIGHT.replace("\n", "") + "}",
        "@media screen and (prefers-color-scheme:dark){:root{" + _DARK.replace("\n", "") + "}}",
        _RULES.replace("\n", ""),
        "@media print{" + _PAPER.replace("\n", "") + "@page{size:A4 landscape;margin:12mm}}",
    )
)


def style_source() -> str:
    """How a Content-Security-Policy names this style and no other."""
    digest = hashlib.sha256(STYLE.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
