"""From records to verdicts: witnesses without tolerance first, then differences over a floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rlconfig_lint.confirm.measures import Mismatch, differences_of, mismatch
from rlconfig_lint.confirm.model import Json, Outcome, Record, Records, Row, Verdict

Judge = Callable[[Records], Outcome]

_FLOORS = 2.0  # how many times the floor a difference has to be
_SMALL = 0.01  # nats: where the floor is that of float32


def outcome(shown: bool, refuted: bool, *rows: Row) -> Outcome:
    """Confirmed where the claim was shown, refuted where its contrary was."""
    if shown:
        return Outcome(Verdict.CONFIRMED, rows)
    return Outcome(Verdict.REFUTED if refuted else Verdict.INCONCLUSIVE, rows)


def biased(record: Record, floor: Mismatch) -> bool:
    """Whether a record's mismatch stands out of the one that the same engine has anyway."""
    found = mismatch(record.completions)
    return found.mean_difference > max(_FLOORS * floor.mean_difference, _SMALL)


def ratios(flagged: str, fixed: str, floor: str) -> Judge:
    """The flagged arm's ratio is off, the fixed arm's is not, measured against a third."""

    def judge(records: Records) -> Outcome:
        bottom = mismatch(records[floor].completions)
        off, on = biased(records[flagged], bottom), biased(records[fixed], bottom)
        rows = _rows(records[flagged], records[fixed])
        return outcome(off and not on, not off, *rows)

    return judge


def as_said(name: str, floor: str, *, flagged: bool) -> Judge:
    """Nothing that a fix would change: a mismatch where something is flagged, none elsewhere."""

    def judge(records: Records) -> Outcome:
        off = biased(records[name], mismatch(records[floor].completions))
        found = outcome(off is flagged, False, *_rows(records[name], records[floor]))
        reason = "no fix is written for it here: the other side is an engine without the mismatch"
        return replace(found, reason=reason) if off else found

    return judge


def mended(flagged: str, fixed: str, floor: str) -> Judge:
    """The fixes take away most of a mismatch; what they leave is said."""

    def judge(records: Records) -> Outcome:
        bottom = mismatch(records[floor].completions)
        one, other = (mismatch(records[name].completions) for name in (flagged, fixed))
        off = biased(records[flagged], bottom)
        found = outcome(
            off and other.mean_difference < one.mean_difference / 2,
            not off,
            *_rows(records[flagged], records[fixed]),
        )
        left = "what the fixes leave is still above the floor: see what the findings say by hand"
        return replace(found, reason=left) if biased(records[fixed], bottom) else found

    return judge


def both_right(one: str, other: str) -> Judge:
    """Both arms are as near to the trainer as the better of them."""

    def judge(records: Records) -> Outcome:
        found = [mismatch(records[name].completions) for name in (one, other)]
        floor = min(found, key=lambda m: m.mean_difference)
        off = any(biased(records[name], floor) for name in (one, other))
        return outcome(not off, off, *_rows(records[one], records[other]))

    return judge


def coarser(flagged: str, fixed: str) -> Judge:
    """The flagged arm is farther from the trainer than the fixed one, whatever the size."""

    def judge(records: Records) -> Outcome:
        one, other = (mismatch(records[name].completions) for name in (flagged, fixed))
        worse = one.mean_difference > 1.25 * other.mean_difference
        rows = _rows(records[flagged], records[fixed])
        return outcome(worse, one.mean_difference < other.mean_difference, *rows)

    return judge


def _rows(flagged: Record, fixed: Record) -> tuple[Row, ...]:
    one, other = mismatch(flagged.completions), mismatch(fixed.completions)
    return (
        Row("mean ratio", round(one.mean_ratio, 4), round(other.mean_ratio, 4)),
        Row("mean |d logp|", round(one.mean_difference, 5), round(other.mean_difference, 5)),
        Row("outside the clip range", _percent(one.outside_clip), _percent(other.outside_clip)),
        Row(
            "effective samples", _percent(one.effective_samples), _percent(other.effective_samples)
        ),
        Row("first token |d|", round(one.first_token, 4), round(other.first_token, 4)),
    )


def stale(flagged: str, fixed: str) -> Judge:
    """Cached tokens of other weights, and first tokens that a fresh engine does not give."""

    def judge(records: Records) -> Outcome:
        fresh = records["fresh"].seen["first_tokens"]
        rows = (
            Row("prompt tokens from the cache", *_both(records, flagged, fixed, "cached")),
            Row(
                "first tokens of a fresh engine",
                _same(records[flagged], fresh),
                _same(records[fixed], fresh),
            ),
        )
        cached, cleared = (records[name].seen["cached"] for name in (flagged, fixed))
        right = _same(records[fixed], fresh) == _of(fresh)
        wrong = _same(records[flagged], fresh) != _of(fresh)
        return outcome(cached > 0 and cleared == 0 and right and wrong, cached == 0, *rows)

    return judge


def _same(record: Record, fresh: list[int]) -> str:
    found = record.seen["first_tokens"]
    return f"{sum(a == b for a, b in zip(found, fresh, strict=True))} of {len(fresh)}"


def _of(fresh: list[int]) -> str:
    return f"{len(fresh)} of {len(fresh)}"


def _both(records: Records, flagged: str, fixed: str, name: str) -> tuple[Json, Json]:
    return records[flagged].seen[name], records[fixed].seen[name]


def differ(flagged: str, fixed: str, **wanted: tuple[Json, Json]) -> Judge:
    """Witnesses by name, each with the value that either arm shows."""

    def judge(records: Records) -> Outcome:
        rows = tuple(
            Row(name.replace("_", " "), *_both(records, flagged, fixed, name)) for name in wanted
        )
        shown = all(
            (row.flagged, row.fixed) == pair
            for row, pair in zip(rows, wanted.values(), strict=True)
        )
        return outcome(shown, not shown, *rows)

    return judge


def neutral_defaults(records: Records) -> Outcome:
    """What a request that says nothing gets."""
    leaky, clean = records["flagged"].seen, records["fixed"].seen
    rows = tuple(Row(name, leaky[name], clean[name]) for name in leaky)
    neutral = {"temperature": 1.0, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0}
    right = all(clean[name] == value for name, value in neutral.items())
    return outcome(leaky != clean and right, leaky == clean, *rows)


def bfloat16_head(records: Records) -> Outcome:
    """All logits of a bfloat16 head are on the bfloat16 grid; of a float32 head, few."""
    shares = [records[name].seen["bfloat16"] for name in ("flagged", "fixed")]
    row = Row("logits that bfloat16 holds exactly", *map(_percent, shares))
    return outcome(shares[0] == 1.0 and shares[1] < 0.05, shares[0] < 0.05, row)


def ignored_head(records: Records) -> Outcome:
    """The override changes nothing."""
    shares = [records[name].seen["bfloat16"] for name in ("flagged", "fixed")]
    row = Row("logits that bfloat16 holds exactly", *map(_percent, shares))
    return outcome(shares[0] == 1.0, shares[0] < 0.05, row)


def no_difference(flagged: str, fixed: str) -> Judge:
    """The claim is that nothing changes: every token is the same."""

    def judge(records: Records) -> Outcome:
        pairs = list(zip(records[flagged].completions, records[fixed].completions, strict=True))
        same = sum(a.tokens == b.tokens for a, b in pairs)
        scheduling = _both(records, flagged, fixed, "async_scheduling")
        rows = (
            Row("async scheduling", *scheduling),
            Row("equal rollouts", f"{same} of {len(pairs)}", f"{len(pairs)} of {len(pairs)}"),
        )
        if scheduling[0] is scheduling[1]:
            return Outcome(Verdict.NOT_RUN, rows, "this device decides it for itself")
        return outcome(same == len(pairs), same < len(pairs), *rows)

    return judge


def kept_cache(records: Records) -> Outcome:
    """Behind a pause that keeps, tokens come from the old policy's keys and values, or not."""
    old, new = (mismatch(records[name].completions) for name in ("keep", "keep, clear"))
    rows = (
        Row("tokens", *(_tokens(records[name]) for name in ("keep", "keep, clear"))),
        Row(
            "mean |d logp| to a full recompute",
            round(old.mean_difference, 4),
            round(new.mean_difference, 4),
        ),
    )
    apart = old.mean_difference > max(_FLOORS * new.mean_difference, _SMALL)
    return outcome(apart, not apart, *rows)


def lost_token(records: Records) -> Outcome:
    """One token stands where the engine had sampled another: one logprob behind the pause is far
    from a full recompute over the tokens that were returned."""
    worst = {
        name: max(map(abs, differences_of(records[name].completions[0])), default=0.0)
        for name in ("flagged", "fixed")
    }
    row = Row("largest |d logp| behind the pause", *(round(value, 3) for value in worst.values()))
    lost = worst["flagged"] > 5 * max(worst["fixed"], _SMALL)
    return outcome(lost, not lost, row)


def aborted(records: Records) -> Outcome:
    """The default mode ends every request in flight."""
    rows = (
        Row("tokens", *(_tokens(records[name]) for name in ("abort", "keep"))),
        Row("finish reason", *(records[name].seen["finish_reason"] for name in ("abort", "keep"))),
        Row("seconds of the pause", *_both(records, "abort", "wait", "pause_seconds")),
    )
    ends = records["abort"].seen["finish_reason"] == "abort"
    goes_on = records["keep"].seen["tokens"] == records["keep"].seen["asked"]
    return outcome(ends and goes_on, not ends, *rows)


def _tokens(record: Record) -> str:
    return f"{record.seen['tokens']} of {record.seen['asked']}"


def slept(records: Records) -> Outcome:
    rows = (
        Row(
            "rollouts as before the sleep",
            *(
                f"{records[n].seen['same']} of {records[n].seen['of']}"
                for n in ("flagged", "fixed")
            ),
        ),
    )
    lost = records["flagged"].seen["same"] < records["flagged"].seen["of"]
    back = records["fixed"].seen["same"] == records["fixed"].seen["of"]
    return outcome(lost and back, not lost, *rows)


def unscaled(records: Records) -> Outcome:
    """Prompt logprobs are the same at every temperature."""
    seen = records["flagged"].seen
    row = Row(
        "largest |d| between T=0.5 and T=1", seen["largest_difference"], "a scaled one: > 0.5"
    )
    return outcome(seen["largest_difference"] == 0, seen["largest_difference"] > 0.1, row)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
