"""The languages, and what each of them has to provide.

A language is a package here (or a module while it is small) with one function that takes a BCP 47 tag in lower case
("pt-br") and returns its `RuleBook`. To add a language, write that function and its line in `registry.py`; the property
tests and the tests of linear time take every line of the registry. A rule book has

- ``words``, ``numbers``, ``signs``: rules by the kind of character that a written word begins with, in order of
  trial. The last rule of ``words`` and of ``numbers`` has to read anything (`words.plain_words`,
  `quantities.other_digits`), so that every letter and digit is in one written word. A language that fills in a
  `Grammar` gets all of them from `books.py`, with places for its own rules; one that cannot use the grammar puts its
  rules together by itself, as `generic.py` does.
- ``sign_chars`` and ``prefixes``: the signs that a written word may begin with.

A rule's pattern is linear in the text's length, and its reading covers the match from its start on with ordered written
words that do not overlap. A written word has at least one spoken word, in letters of the language: no digits or signs.
Spoken words contain no white space.

Besides, a language may have lines in `sayso.text.sentences`: abbreviations that end no sentence.
"""

from sayso.text.normalise.languages.registry import LANGUAGES, rules_of

__all__ = ["LANGUAGES", "rules_of"]
