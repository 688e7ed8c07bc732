"""What bash makes of a written word: quotes, variables, defaults, arrays and field splitting.

A word that is known is bash's, character by character: tests/test_shell_words.py compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlconfig_lint.readers.shell.paths import above
from rlconfig_lint.readers.shell.words import HIDDEN, MOST_WORDS, TEMPLATE, Scope, Variable, Word

_LONGEST = 20_000
_DEEPEST = 20

_SPECIAL = re.compile(r"[\\'\"$`{~\2]|[<>]\(")
_PLAIN = re.compile(r"[^\\'\"$`]+")
_NAME = re.compile(r"[A-Za-z_]\w*|[0-9@*#?$!-]")
_PARAMETER = re.compile(
    r"(?P<name>[A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[(?P<index>[^\]]*)\])?"
    r"(?:(?P<operator>:?[-=+?])(?P<word>.*)|(?P<rest>.+))?",
    re.DOTALL,
)
_HOME = re.compile(r"(?:^|(?<=[=:]))~(?:\w+(?=/)|(?=[/:]|$))")
_BRACES = re.compile(r"[{},]|\.\.")
_BRACED = re.compile(r"\{.*(?:,|\.\.).*\}")  # in what was seen of a word's braces
_ANSI = re.compile(r"\$'((?:[^'\\]|\\.)*)'?", re.DOTALL)
_BRACKET = re.compile(r"\\.|\$[{(]|[\"'(){}]", re.DOTALL)
_CLOSERS = {"${": "}", "$(": ")"}
_BLANKS = re.compile(r"[ \t\n]+")
_TEMPLATES = re.compile(f"{TEMPLATE}+")


def expand(written: Word, scope: Scope) -> list[Word]:
    """The words that a written word becomes: usually one; none or several for some variables."""
    if not _SPECIAL.search(written.text):
        return [written]
    return _Expansion(written, scope).words()


def assigned(written: Word, scope: Scope) -> str:
    """The text that `name=written` assigns: nothing is split there."""
    if not _SPECIAL.search(written.text):
        return written.text
    return " ".join(word.text for word in _Expansion(written, scope, splits=False).words())


@dataclass
class _Expansion:
    written: Word
    scope: Scope
    splits: bool = True
    depth: int = 0  # in how many `${X:-...}`
    done: list[Word] = field(default_factory=list)
    text: list[str] | None = None  # of the word in the making; None between words
    element: Word | None = None  # that word, as long as it is one element of an array
    expanded: bool = False
    empty_lists: int = 0
    braces: str = ""
    loose: bool = False  # the word in the making may be none, or several
    lost: bool = False  # how many words there are cannot be told

    def words(self) -> list[Word]:
        if self.written.text[:2] in ("<(", ">("):
            return [self.written.reading(HIDDEN)]
        self._scan(self.written.text, 0)
        self._end()
        if self.lost or (self.splits and _BRACED.search(self.braces)):
            key, equals, _ = self.written.text.partition("=")
            hidden = f"{key}={HIDDEN}" if equals and not _SPECIAL.search(key) else HIDDEN
            return [self.written.reading(hidden)]
        return self.done

    # --- the word in the making ---

    def _end(self) -> None:
        text, self.text, self.loose = self.text, None, False
        if text is None or len(self.done) >= MOST_WORDS:
            return
        if self.element is not None:
            self.done.append(self.element)
        else:
            whole = "".join(text)
            whole = _TEMPLATES.sub(HIDDEN, whole) if len(whole) <= _LONGEST else HIDDEN
            shared = self.written.shared or self.expanded
            self.done.append(self.written.reading(whole, shared=shared))
        self.element = None

    def _literal(self, text: str) -> None:
        self.text = [] if self.text is None else self.text
        self.lost = self.lost or (self.loose and text != "")
        self.text.append(text)
        self.element = None

    def _split(self, text: str) -> None:
        """Text of an expansion outside quotes: every run of blanks ends a word."""
        if not self.splits:
            self._literal(text)
            return
        if self.scope.get("IFS") is not None:
            text = HIDDEN
        for number, part in enumerate(_BLANKS.split(text)):
            if number:
                self._end()
            if part:
                self._literal(part)

    def _value(self, text: str, quoted: bool) -> None:
        self.expanded = True
        if quoted:
            self._literal(text)
        else:
            self._split(text)

    def _elements(self, words: Sequence[Word], quoted: bool) -> None:
        """`"${A[@]}"`: every element a word of its own, joined to what stands around them."""
        self.empty_lists += not words
        self.lost |= self.text is not None and bool(words) and words[0].blank
        for number, word in enumerate(words):
            if number and self.splits:
                self._end()
            elif number:
                self._literal(" ")
            alone = self.text is None
            self._value(word.text, quoted)
            if alone and self.splits and (quoted or self._is_one(word.text)):
                self.element = word
        self.loose = bool(words) and words[-1].blank

    def _is_one(self, text: str) -> bool:
        """Whether a text outside quotes is still one word."""
        return text != "" and self.scope.get("IFS") is None and not _BLANKS.search(text)

    # --- the written text ---

    def _scan(self, raw: str, at: int, *, stop: str = "", quoted: bool = False) -> int:
        """Take `raw` from `at` up to an unescaped `stop`; where it ended."""
        while at < len(raw):
            char = raw[at]
            if char == stop:
                break
            if char == "\\":
                at = self._escaped(raw, at, quoted)
            elif char == "$":
                at = self._dollar(raw, at, quoted)
            elif char == "`":
                self._value(HIDDEN, quoted)
                at = _after(raw, "`", at + 1)
            elif char == '"' and quoted:  # in the default of a quoted `${X:-"..."}`
                at += 1
            elif char == '"':
                at = self._quoted(raw, at + 1)
            elif char == "'" and not quoted:
                end = _after(raw, "'", at + 1)
                self._literal(raw[at + 1 : end - 1])
                at = end
            else:
                at = self._plain(raw, at, quoted)
        return at

    def _quoted(self, raw: str, at: int) -> int:
        lists, fresh = self.empty_lists, self.text is None
        end = self._scan(raw, at, stop='"', quoted=True)
        if self.empty_lists == lists:
            self.text = [] if self.text is None else self.text
        elif fresh and not any(self.text or ()):
            self.text = None  # `"${A[@]}"` of an empty array is no word at all
        return end + 1

    def _plain(self, raw: str, at: int, quoted: bool) -> int:
        found = _PLAIN.match(raw, at)
        if found is None:  # a single quote between double ones
            self._literal(raw[at])
            return at + 1
        text = found.group()
        if not quoted:
            self.lost = self.lost or (not self.depth and _BLANKS.search(text) is not None)
            if not self.depth and (self.braces or "{" in text):
                self.braces += "".join(_BRACES.findall(text))
            text = _HOME.sub(HIDDEN, text) if "~" in text else text
        if self.depth and not quoted:
            self._split(text)
        else:
            self._literal(text)
        return found.end()

    def _escaped(self, raw: str, at: int, quoted: bool) -> int:
        following = raw[at + 1 : at + 2]
        if raw.startswith("\r\n", at + 1):
            return at + 3
        if following == "\n":
            return at + 2
        if quoted and following not in ("$", "`", '"', "\\"):
            self._literal("\\")
            return at + 1
        self._literal(following)
        return at + 2

    def _dollar(self, raw: str, at: int, quoted: bool) -> int:
        closer = _CLOSERS.get(raw[at : at + 2])
        if closer:
            end = _close(raw, at + 2, closer, quoted)
            self._substituted(raw[at + 2 : end], closer, quoted)
            return end + 1
        ansi = None if quoted else _ANSI.match(raw, at)
        if ansi:
            self._literal(HIDDEN if "\\" in ansi[1] else ansi[1])
            return ansi.end()
        if raw[at + 1 : at + 2] == '"' and not quoted:
            return at + 1
        name = _NAME.match(raw, at + 1)
        if name is None:
            self._literal("$")
            return at + 1
        self._parameter(name.group(), quoted)
        return name.end()

    def _substituted(self, inner: str, closer: str, quoted: bool) -> None:
        if self.depth >= _DEEPEST:
            self._value(HIDDEN, quoted)
        elif closer == "}":
            self._parameter(inner, quoted)
        else:
            self._value(HIDDEN if inner[:1] == "(" else self.scope.output(inner), quoted)

    def _parameter(self, inner: str, quoted: bool) -> None:
        """The value of `${inner}`."""
        found = _PARAMETER.fullmatch(inner)
        if found is None:
            self._value(HIDDEN, quoted)
            return
        name, index, operator = found["name"], found["index"], found["operator"] or ""
        variable = self.scope.get(name)
        every = name in ("@", "*") or index in ("@", "*")
        if found["rest"] is not None and (name, found["rest"]) != ("@", ":1"):
            cut = above(_element(variable, index)) if found["rest"] == "%/*" else None
            self._value(cut or HIDDEN, quoted)
        elif operator[-1:] == "+":
            self._alternative(variable, operator, found["word"], quoted)
        elif operator and _unset(variable, operator):
            self._default(name, operator, found["word"], quoted)
        elif every and variable is not None:
            self._all(variable, star="*" in (name, index), quoted=quoted)
        else:
            self._value(_element(variable, index), quoted)

    def _all(self, variable: Variable, *, star: bool, quoted: bool) -> None:
        if star and quoted:
            plain = self.scope.get("IFS") is None or len(variable.words) < 2
            texts = (word.text for word in variable.words)
            self._value(" ".join(texts) if plain else HIDDEN, quoted)
        else:
            self._elements(variable.words, quoted)

    def _default(self, name: str, operator: str, word: str, quoted: bool) -> None:
        if operator[-1] == "=":
            inner = _Expansion(
                self.written.reading(word), self.scope, splits=False, depth=self.depth + 1
            )
            text = " ".join(found.text for found in inner.words())
            given = self.written.reading(text, shared=True)
            self.scope.put(name, Variable((given,)))
            self._value(text, quoted)
        elif operator[-1] == "?":  # it ends here, unless the name is given by somebody
            self._value(HIDDEN, quoted)
        else:
            self._inner(word, quoted)

    def _alternative(
        self, variable: Variable | None, operator: str, word: str, quoted: bool
    ) -> None:
        """`${X:+word}`: known only where the script itself gives X."""
        if variable is None or not variable.countable:
            self._value(HIDDEN, quoted)
        elif not _unset(variable, operator):
            self._inner(word, quoted)
        elif quoted:
            self._value(HIDDEN if variable.array else "", quoted)

    def _inner(self, word: str, quoted: bool) -> None:
        """A word inside `${...}`, expanded where it stands."""
        self.expanded = True
        self.depth += 1
        if quoted:
            self._literal("")
        self._scan(word, 0, quoted=quoted)
        self.depth -= 1


def _unset(variable: Variable | None, operator: str) -> bool:
    """Whether `${X-...}` takes its default; with a colon, an empty value counts as none."""
    if variable is None or not variable.words:
        return True
    return operator[0] == ":" and len(variable.words) == 1 and variable.text == ""


def _element(variable: Variable | None, index: str | None) -> str:
    if variable is None or (variable.array and not variable.countable):
        return HIDDEN
    if not index:
        return variable.text
    if not re.fullmatch("[0-9]{1,4}", index):
        return HIDDEN
    return variable.words[int(index)].text if int(index) < len(variable.words) else ""


def _after(raw: str, closer: str, at: int) -> int:
    end = raw.find(closer, at)
    return end + 1 if end >= 0 else len(raw) + 1


def _close(raw: str, at: int, closer: str, quoted: bool) -> int:
    """Where the bracket or quote that is open before `at` closes; the text's end if nowhere."""
    open_: list[str] = [closer]
    found = _BRACKET.search(raw, at)
    while found is not None:
        token, at = found.group(), found.end()
        if token == open_[-1]:
            open_.pop()
            if not open_:
                return found.start()
        elif token in _CLOSERS:
            open_.append(_CLOSERS[token])
        elif token == "(" and open_[-1] == ")":
            open_.append(")")
        elif token == '"':
            open_.append('"')
        elif token == "'" and open_[-1] != '"' and (open_[-1] == ")" or not quoted):
            at = _after(raw, "'", at)
        found = _BRACKET.search(raw, at)
    return len(raw)
