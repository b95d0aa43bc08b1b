"""The clues to English homographs, as data: what stands before, what stands after, and the reading.

The text before begins with "^" at the beginning of a sentence and has a "|" after a word with a capital letter; both
texts have a space at each end. A reading is IPA, or a pair of American and British IPA.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Reading: TypeAlias = "str | tuple[str, str]"
_Clue: TypeAlias = "tuple[str, str, _Reading]"

_ADVERB = (
    r"(?: (?:already|never|just|not|ever|often|always|also|only|once|widely|well|long|all|recently|usually|still|even|"
    r"then|almost|sometimes|both|now|\S{2,12}ly))?"
)
# The base form of a verb follows these.
_BASE = (
    r" (?:to|will|would|can|could|shall|should|may|might|must|do|does|did|don't|doesn't|didn't|won't|wouldn't|can't|"
    r"couldn't|cannot|shouldn't|let's|let us|please|help|helped|let|make|made|i'll|you'll|he'll|she'll|we'll|they'll|"
    r"i'd|it'll|never|always|nobody would)"
)
_PRONOUN = (
    r" (?:i|you|we|they|who|people|most|many|some|all|both|others|children|men|women|students|"
    r"readers)"
)
_BETWEEN = r"you|i|we|they|he|she|it|people|anyone|anybody|someone|everyone|nobody|not|also|still|even|then|just|ever"
_INFINITIVE = rf"(?:{_BASE}(?: (?:{_BETWEEN}))?{_ADVERB}) $"
_VERB = rf"(?:{_INFINITIVE}|{_PRONOUN}{_ADVERB} $)"
_HAVE = (
    rf" (?:have|has|had|having|i've|you've|we've|they've|he'd|she'd|hasn't|haven't|hadn't|be|been|was|were|is|are|"
    rf"being|get|got|wasn't|weren't|isn't|aren't){_ADVERB}{_ADVERB} $"
)
_SINGULAR = r"(?: (?:he|she|it|which|that|who|nobody|everybody|everyone|someone)|\|)"
_DETERMINER = (
    r" (?:a|an|the|this|that|my|your|his|her|its|our|their|no|some|any|each|every|of|one|first|second|for|in|on|into|"
    r"with|without|new|old|good|great|little|whose|another|\S{2,20}'s|\S{2,20}s')"
)
_DET_AFTER = (
    r" (?:a|an|the|this|that|these|those|my|your|his|her|its|our|their|it|them|him|us|me|all|every|each|some|any|no|"
    r"one|two|what|how|only|more|both|everything)\b"
)
_STARTS = r"^\^ (?:(?:then|now|first|next|finally|and|or|please|always|never|do not|don't|just) )?$"
_PAST = (
    r" (?:yesterday|ago|last|had|was|were|did|said|told|went|came|took|gave|found|sat|stood|wrote|once|then|got|saw|"
    r"knew|\S{2,20}ed) "
)

_RED, _REED = "ɹˈɛd", "ɹˈiːd"
_LED, _LEED = "lˈɛd", "lˈiːd"
_LIVE, _LIV = "lˈaɪv", "lˈɪv"
_LIVES, _LIVZ = "lˈaɪvz", "lˈɪvz"
_WOOND, _WOWND = "wˈuːnd", "wˈaʊnd"
_CLOSE, _CLOZE = ("klˈoʊs", "klˈəʊs"), ("klˈoʊz", "klˈəʊz")
_MINUTE, _TINY = "mˈɪnɪt", ("maɪnˈuːt", "maɪnjˈuːt")
_DROP, _RIP = ("tˈɪɹ", "tˈɪə"), ("tˈɛɹ", "tˈeə")
_DROPS, _RIPS = ("tˈɪɹz", "tˈɪəz"), ("tˈɛɹz", "tˈeəz")
_BEND, _KNOT = "bˈaʊ", ("bˈoʊ", "bˈəʊ")
_UNSURE = ""


def _noun_or_verb(noun: _Reading, verb: _Reading) -> Sequence[_Clue]:
    """The clues to a word that is a noun and a verb: "record", "object"."""
    return (
        (_INFINITIVE, "", verb),
        (rf"{_DETERMINER} $", "", noun),
        (rf"{_PRONOUN}{_ADVERB} $", "", verb),
        (_STARTS, _DET_AFTER, verb),
        (r" \S{3,20}[^s]s $", _DET_AFTER, verb),
        ("", "", noun),
    )


def _noun_or_third_person(noun: _Reading, verb: _Reading) -> Sequence[_Clue]:
    """The clues to the plural of such a noun, which is the verb's third person: "records"."""
    return (
        (rf"{_SINGULAR}{_ADVERB} $", rf"(?:{_DET_AFTER}| (?:to|that|as|for|up|in)\b)", verb),
        ("", "", noun),
    )


_METAL_AFTER = (
    r" (?:pipes?|paints?|poisoning|acid|weights?|shot|bullets?|glass|based|levels?|exposure|pencils?|roof|mines?|ore|"
    r"batter(?:y|ies)|content|contamination|free|solder|crystal|apron|and (?:zinc|copper|mercury|tin|silver|arsenic)|"
    r"into gold)\b"
)
_LIVE_AFTER = (
    r" (?:music|shows?|concerts?|broadcasts?|stream(?:ing|s|ed)?|audiences?|performances?|albums?|recordings?|wires?|"
    r"ammunition|fire|coverage|reports?|television|tv|radio|feed|chat|events?|bait|animals?|births?|data|demo|updates?|"
    r"on (?:air|stage|tv|television|radio)|from \S|at the \S+ (?:hall|arena|stadium))\b"
)
_IN_CLOTH = (
    r" in (?:the|a|his|her|my|its|your|their|one)? ?(?:\S+ )?(?:fabric|cloth|jeans|muscle|ligament|curtains?|roof|"
    r"shirt|dress|sail|coat|paper|tissue|retina|hem|canvas|sleeve|jacket|trousers|tent|bag|skirt|stocking)\b"
)

_GOES_LIVE = (
    r" (?:go|goes|going|went|gone|broadcast|streamed|performed|aired|shown|sang|sung|recorded|televised|played|is|"
    r"are|was|were|be|been|being|it's|we're|now) $"
)
_SUBJECT = r"(?: (?:he|she|it|who|which|that|one|nobody|everyone|there)|\|) (?:(?:now|still|also|only|always) )?$"
_PLACE_AFTER = r" (?:in|at|alone|here|there|near|next|by|across|among|under|off|with|on) "
_INJURY_BEFORE = (
    r" (?:a|an|the|his|her|my|this|that|open|deep|gunshot|stab|flesh|head|no|each|every|of|to|not|will|could) $"
)
_TURNING_AFTER = (
    r" (?:up|down|around|round|through|its way|his way|her way|their way|back|along|across|about|past|between|"
    r"over|tightly|into)\b"
)
_TURNED_AFTER = (
    r" (?:a|the|it|his|her|their|my|some) ?(?:\S+ )?(?:clocks?|watch|string|rope|wool|thread|bandage|cord|scarf|"
    r"window|toy|key|yarn|tape|spring|handle|reel|film)\b"
)
_NEAR_AFTER = (
    r" (?:friends?|enough|call|relationships?|relatives?|ties|contact|attention|look|range|quarters|behind|"
    r"together|proximity|race|second|inspection|at hand|family|allies|ally|colleagues?|eye|shave|encounters?)\b"
)
_HOUR_AFTER = r" (?:at|early|late|down|for|on|in|when|soon|tomorrow|today|its|their)\b"
_TINY_AFTER = (
    r" (?:amounts?|quantit(?:y|ies)|details?|particles?|traces?|fractions?|differences?|sizes?|scale|changes?|"
    r"crystals?|fragments?|creatures?|organisms?|proportions?|portions?|grains?|doses?|variations?|holes?|"
    r"insects?|drops?|cracks?|pieces?)\b"
)
_TORN_AFTER = r"(?: (?:up|off|at|down|through|apart|away|open|into|out)\b)"
_BENDING_AFTER = (
    r" (?:of (?:the|a|her|his|its) (?:\S+ )?(?:ship|boat|vessel|yacht|canoe|ferry)|down\b|out\b|before\b|"
    r"to (?:the|a|his|her|their|him|them|no|pressure)\b)"
)
_BENDING_BEFORE = r" (?:deep|low|slight|stiff|polite|little|final|formal|graceful|small|ship's|boat's|port|starboard) $"
_ARROW_BEFORE = (
    r" (?:violin|cello|cross|long|ribbon|arrows?|archers?|hunted|hunter|hair|tied|shot|quiver|gift|parcel)\b.* $"
)

HOMOGRAPHS: Mapping[str, Sequence[_Clue]] = {
    "read": (
        (r" (?:a|an|good|great|easy|long|quick|worthwhile|the) $", "", _REED),
        (_HAVE, "", _RED),
        (_INFINITIVE, "", _REED),
        (_STARTS, "", _REED),
        (_PAST, "", _RED),
        (rf"{_SINGULAR}{_ADVERB} $", "", _RED),
        (rf"{_PRONOUN} (?:often|always|usually|sometimes|still|all) $", "", _REED),
        (_PRONOUN + " $", r".* (?:every|daily|often)\b", _REED),
        (rf"{_DETERMINER}(?: \S{{2,20}})? \S{{2,20}}[^s\s] $", rf"(?:{_DET_AFTER}| (?:aloud|out|from|about)\b)", _RED),
        ("", r".* (?:yesterday|ago|last (?:night|week|month|year|time)|until midnight|when \S+ was) ", _RED),
        (_PRONOUN + " $", "", _REED),
        ("", "", _UNSURE),
    ),
    "lead": (
        ("", _METAL_AFTER, _LED),
        (r" (?:of|like|heavy as|as grey as|molten|containing|contains?|made from) $", r" (?:,.*)?$", _LED),
        (r" (?:covered|clad|sheathed|encased|sealed) (?:in|with) $", "", _LED),
        (r" (?:full|made|roof|pipes?|weights?|ounce|pound|ton|sheets?|plates?) of $", "", _LED),
        ("", "", _LEED),
    ),
    "live": (
        (_INFINITIVE, "", _LIV),
        ("", _LIVE_AFTER, _LIVE),
        (_GOES_LIVE, "", _LIVE),
        (r" (?:a|an|the|this|our|any|some|your|more) $", "", _LIVE),
        ("", "", _LIV),
    ),
    "lives": (
        (_SUBJECT, "", _LIVZ),
        (_DETERMINER + r"(?: \S{2,20})? $", _PLACE_AFTER, _LIVZ),
        ("", "", _LIVES),
    ),
    "wound": (
        (_INJURY_BEFORE, "", _WOOND),
        ("", _TURNING_AFTER, _WOWND),
        ("", _TURNED_AFTER, _WOWND),
        ("", "", _WOOND),
    ),
    "record": _noun_or_verb(("ɹˈɛkɚd", "ɹˈɛkɔːd"), ("ɹᵻkˈɔːɹd", "ɹɪkˈɔːd")),
    "records": _noun_or_third_person(("ɹˈɛkɚdz", "ɹˈɛkɔːdz"), ("ɹᵻkˈɔːɹdz", "ɹɪkˈɔːdz")),
    "use": _noun_or_verb("jˈuːs", "jˈuːz"),
    "uses": _noun_or_third_person("jˈuːsᵻz", "jˈuːzᵻz"),
    "object": _noun_or_verb(("ˈɑːbdʒɛkt", "ˈɒbdʒɛkt"), "əbdʒˈɛkt"),
    "objects": _noun_or_third_person(("ˈɑːbdʒɛkts", "ˈɒbdʒɛkts"), "əbdʒˈɛkts"),
    "close": (
        (r" to a $", "", _CLOZE),
        (r" (?:the|this) $", r" of\b", _CLOZE),
        ("", _NEAR_AFTER, _CLOSE),
        (_INFINITIVE, r"(?! to\b)", _CLOZE),
        (rf"(?:{_STARTS}|{_PRONOUN}{_ADVERB} $)", _DET_AFTER, _CLOZE),
        ("", r" (?:to|by)\b", _CLOSE),
        (r" \S{2,20}[^s]s $", _HOUR_AFTER, _CLOZE),
        (rf"{_PRONOUN}{_ADVERB} $", _HOUR_AFTER, _CLOZE),
        ("", "", _CLOSE),
    ),
    "minute": (
        ("", _TINY_AFTER, _TINY),
        (r" (?:is|are|was|were|so|very|almost|extremely|too) $", r" (?:,.*|and .*|but .*)?$", _TINY),
        ("", "", _MINUTE),
    ),
    "tear": (
        ("", r" (?:gas|ducts?|drops?|stained|stains?)\b", _DROP),
        (r" wear and $", "", _RIP),
        (_INFINITIVE, "", _RIP),
        ("", _IN_CLOTH, _RIP),
        (rf"(?:{_STARTS}|{_PRONOUN}{_ADVERB} $)", "", _RIP),
        (r" (?:a|an|the|one|single|every|each|no|another|her|his|my|lone|last|first) $", "", _DROP),
        ("", "", _UNSURE),
    ),
    "tears": (
        (rf"{_SINGULAR}{_ADVERB} $", rf"(?:{_DET_AFTER}|{_TORN_AFTER})", _RIPS),
        ("", _IN_CLOTH, _RIPS),
        ("", "", _DROPS),
    ),
    "bow": (
        ("", r" (?:and arrows?|ties?|strings?|window|legged|hunting|hunters?)\b", _KNOT),
        ("", _BENDING_AFTER, _BEND),
        (_INFINITIVE, "", _BEND),
        (_STARTS, _DET_AFTER, _BEND),
        (r" (?:take|takes|took|taken|taking|make|made|makes|gave|give) a $", "", _BEND),
        (_BENDING_BEFORE, "", _BEND),
        (_ARROW_BEFORE, "", _KNOT),
        ("", r".* (?:strings?|violin|cello|arrows?|archer|hair|ribbon)\b", _KNOT),
        (r" (?:ship|boat|deck|waves?|sail|sailors?|harbour|harbor)\b.* $", "", _BEND),
        (rf"{_PRONOUN}{_ADVERB} $", "", _BEND),
        ("", "", _UNSURE),
    ),
}
"""The clues of each word, in order."""
