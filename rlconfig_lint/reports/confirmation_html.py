"""What `confirm` found, as one page of HTML that needs nothing beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from rlconfig_lint.confirm.measures import CLIP, differences_of
from rlconfig_lint.confirm.model import Proof, Record
from rlconfig_lint.reports import plots
from rlconfig_lint.reports.confirmation import Confirmation, engine, shown

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --page: #fff; --soft: #6b7280; --line: #d7dbe0;
  --s0: #c2410c; --s1: #1d6fa5; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --page: #14161a; --soft: #9aa3af;
  --line: #363b43; --s0: #fb923c; --s1: #5cb3e8; --good: #4ade80; --bad: #f87171; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .2rem; }
p { margin: .3rem 0; } .soft, figcaption { color: var(--soft); font-size: .875rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .9rem; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: right; }
td:first-child, th:first-child { text-align: left; }
th.flagged { color: var(--s0); } th.fixed { color: var(--s1); }
.confirmed { color: var(--good); } .refuted, .inconclusive { color: var(--bad); }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; flex: 1 1 18rem; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--soft);
  text-anchor: middle; }
.s0 { fill: var(--s0); opacity: .65; } .s1 { fill: var(--s1); opacity: .65; }
.axis { stroke: var(--line); } .mark { stroke: var(--soft); stroke-dasharray: 4 3; }
"""
_WIDEST = 3.0  # ratios beyond are in the last bin
_POINTS = 400


def page(found: Confirmation) -> str:
    return "".join(_page(found))


def _page(found: Confirmation) -> Iterator[str]:
    yield "<!doctype html><html lang=en><meta charset=utf-8>"
    yield "<meta name=viewport content='width=device-width, initial-scale=1'>"
    yield f"<title>rlconfig-lint confirm</title><style>{_STYLE}</style>"
    yield "<h1>What a real engine shows</h1>"
    yield f"<p>{escape(engine(found.versions))}; {found.seconds:.0f} s."
    yield " <span class=soft>Flagged and fixed are two engines that differ in nothing else; the"
    yield " trainer is transformers in float32 on the same weights. Sizes are those of a tiny"
    yield " random model: read the verdicts, not the magnitudes.</span></p>"
    for proof in found.proofs:
        yield from _section(proof)
    yield "</html>"


def _section(proof: Proof) -> Iterator[str]:
    experiment, outcome = proof.experiment, proof.outcome
    verdict = outcome.verdict.value
    yield f"<h2 id={experiment.name}><span class={verdict}>{verdict}</span>"
    yield f" {escape(', '.join(experiment.codes))}</h2><p>{escape(experiment.claim)}</p>"
    if outcome.reason:
        yield f"<p class=soft>{escape(outcome.reason)}</p>"
    if outcome.rows:
        yield "<table><tr><th></th><th class=flagged>flagged</th><th class=fixed>fixed</th></tr>"
        for row in outcome.rows:
            cells = (row.what, shown(row.flagged), shown(row.fixed))
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        yield "</table>"
    drawn = "".join(_plots(proof))
    if drawn:
        yield f"<div class=plots>{drawn}</div>"


def _plots(proof: Proof) -> Iterator[str]:
    arms = [(name, record) for name, record in proof.records.items() if name != "floor"][:2]
    if len(arms) == 2 and all(_is_scored(record) for _, record in arms):
        yield plots.scatter(
            [(name, _pairs(record)) for name, record in arms],
            "logprob of each token: rollout across, trainer upwards (nats)",
        )
        yield plots.histogram(
            [(name, _ratios(record)) for name, record in arms],
            "importance ratio; dashed: the clip range",
            0.0,
            _WIDEST,
            (1 - CLIP, 1 + CLIP),
        )
    cached = [(name, float(r.seen["cached"])) for name, r in arms if "cached" in r.seen]
    if len(cached) == 2:
        yield plots.bars(cached, "prompt tokens found in the cache behind the update")


def _is_scored(record: Record) -> bool:
    return any(rollout.trainer for rollout in record.completions)


def _pairs(record: Record) -> list[tuple[float, float]]:
    found = [
        pair
        for rollout in record.completions
        for pair in zip(rollout.logprobs, rollout.trainer, strict=True)
    ]
    return found[:: max(1, len(found) // _POINTS)]


def _ratios(record: Record) -> list[float]:
    return [_ratio(d) for rollout in record.completions for d in differences_of(rollout)]


def _ratio(difference: float) -> float:
    return math.exp(min(difference, 50.0))
