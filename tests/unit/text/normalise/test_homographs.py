"""English words of one spelling and two pronunciations, in sentences: the sentence decides."""

from __future__ import annotations

import pytest

from sayso.text.normalise import normalise
from sayso.types import Span

# By word and reading, sentences with the word once (or the first time it occurs).
SENTENCES = {
    ("read", "ɹˈɛd"): [
        "You've read my mind.",
        "The judge read the verdict.",
        "My mother read me stories.",
        "He read it to me last night.",
        "She read the letter twice and put it away.",
        "I have read that book before.",
        "He had never read a poem in his life.",
        "The will was read on Monday.",
        "Yesterday we read about the war.",
        "Anna read it aloud.",
        "They sat by the fire and read until midnight.",
        "It has been widely read in schools.",
    ],
    ("read", "ɹˈiːd"): [
        "The children read every evening.",
        "Do you read much?",
        "I want you to read this.",
        "We will read it later.",
        "I like to read in bed.",
        "You should read this.",
        "Please read the instructions.",
        "Read the label before use.",
        "It was a good read.",
        "Can you read my writing?",
        "They often read the paper at breakfast.",
        "I can't read without my glasses.",
        "Did you read the report?",
    ],
    ("lead", "lˈɛd"): [
        "A lead pencil lay there.",
        "The roof is covered in lead.",
        "The pipes were made of lead.",
        "Lead poisoning is rare today.",
        "His legs felt as heavy as lead.",
        "They mined lead and zinc.",
        "Old houses may have lead paint.",
        "Alchemists tried to turn lead into gold.",
    ],
    ("lead", "lˈiːd"): [
        "The lead actor arrived.",
        "Follow my lead.",
        "Who will lead us now?",
        "She will lead the team.",
        "All roads lead to Rome.",
        "He took the lead in the final lap.",
        "The lead singer was ill.",
        "Police have a new lead.",
        "Keep your dog on a lead.",
        "This can lead to problems.",
    ],
    ("live", "lˈaɪv"): [
        "We watched the live feed.",
        "The band played live last night.",
        "We went to a live concert.",
        "The match was broadcast live.",
        "The site goes live on Friday.",
        "Do not touch the live wire.",
        "They played in front of a live audience.",
        "It is streamed live from Paris.",
    ],
    ("live", "lˈɪv"): [
        "These fish live in rivers.",
        "I used to live there.",
        "People live longer now.",
        "I live in London.",
        "They live next door.",
        "We only live once.",
        "Where do you live?",
        "Bats live in caves.",
        "Long may she live.",
    ],
    ("lives", "lˈaɪvz"): [
        "Lives were lost.",
        "It ruined both their lives.",
        "The doctors saved many lives.",
        "They risked their lives.",
        "Cats have nine lives.",
        "It changed people's lives for ever.",
        "We lead busy lives.",
    ],
    ("lives", "lˈɪvz"): [
        "Tom lives nearby.",
        "My aunt lives in Spain.",
        "She lives in Rome.",
        "My brother lives alone.",
        "He lives with his aunt.",
        "The man who lives here is away.",
    ],
    ("wound", "wˈuːnd"): [
        "His wound was infected.",
        "The nurse dressed the wound.",
        "The wound healed slowly.",
        "He had a deep wound in his arm.",
        "She cleaned the wound with water.",
        "They did not mean to wound him.",
        "Salt in an open wound.",
    ],
    ("wound", "wˈaʊnd"): [
        "The road wound up the mountain.",
        "He wound the rope around the post.",
        "She wound the clock every night.",
        "The path wound through the hills.",
        "He wound up in prison.",
        "The bandage was wound around his arm.",
        "They wound down the window.",
    ],
    ("record", "ɹˈɛkɚd"): [
        "Her criminal record was clean.",
        "Keep a record.",
        "She broke the world record.",
        "He bought an old record.",
        "There is no record of the sale.",
        "It was the hottest day on record.",
        "They keep a record of visitors.",
        "Record profits were announced.",
    ],
    ("record", "ɹᵻkˈɔːɹd"): [
        "You must record everything.",
        "I record my dreams.",
        "They will record a new album.",
        "Please record your name here.",
        "We record every call.",
        "I want to record this.",
        "Record the time of each visit.",
    ],
    ("use", "jˈuːs"): [
        "Land use is changing.",
        "Instructions for use.",
        "What is the use of it?",
        "There is no use in crying.",
        "The use of force was banned.",
        "It is still in use today.",
        "We made good use of it.",
        "Ready for immediate use.",
        "What's the use?",
    ],
    ("use", "jˈuːz"): [
        "Don't use that word.",
        "Children use tablets at school.",
        "You can use my phone.",
        "I use it every day.",
        "Use a sharp knife.",
        "They did not use the lift.",
        "People use the path daily.",
        "We'll use the old one.",
    ],
    ("object", "ˈɑːbdʒɛkt"): [
        "Each object has a number.",
        "A strange object fell from the sky.",
        "The object of the game is simple.",
        "Money is no object.",
        "She held the object up to the light.",
    ],
    ("object", "əbdʒˈɛkt"): [
        "Did anyone object?",
        "I strongly object.",
        "I object to that remark.",
        "Would you object if I smoked?",
        "They may object.",
        "Nobody would object to a break.",
    ],
    ("close", "klˈoʊs"): [
        "He was close to tears.",
        "They grew close.",
        "It's too close to call.",
        "They are close friends.",
        "We live close to the sea.",
        "Stay close behind me.",
        "It was a close race.",
        "He came very close.",
        "Pay close attention.",
        "She stood close enough to touch.",
    ],
    ("close", "klˈoʊz"): [
        "Could you close it?",
        "The bank closes; we close at five.",
        "Close your eyes.",
        "Please close the door.",
        "The shops close at six.",
        "He tried to close his eyes.",
        "The day drew to a close.",
        "Close the window, will you?",
        "They will close the factory.",
        "At the close of the day we rested.",
    ],
    ("minute", "mˈɪnɪt"): [
        "A minute later he left.",
        "Just a minute!",
        "Wait a minute.",
        "He arrived one minute late.",
        "Every minute counts.",
        "Stir for a minute.",
    ],
    ("minute", "maɪnˈuːt"): [
        "They examined the minute cracks.",
        "The organism is minute.",
        "There were minute traces of poison.",
        "She described it in minute detail.",
        "The difference is minute.",
        "Add a minute amount of salt.",
    ],
    ("tear", "tˈɪɹ"): [
        "She felt a tear on her face.",
        "A tear ran down her cheek.",
        "He wiped a tear from his eye.",
        "The police used tear gas.",
        "She did not shed a single tear.",
    ],
    ("tear", "tˈɛɹ"): [
        "Be careful not to tear it.",
        "Tear along the dotted line.",
        "Do not tear the paper.",
        "There is a tear in my shirt.",
        "They will tear down the wall.",
        "It shows signs of wear and tear.",
        "Tear the bread into pieces.",
    ],
    ("bow", "bˈaʊ"): [
        "Bow your head.",
        "The sailor stood at the bow.",
        "The dancer gave a bow.",
        "The actors came back to bow.",
        "He took a bow.",
        "She made a deep bow.",
        "They bow to the king.",
        "Waves broke over the bow of the ship.",
        "I will not bow down.",
    ],
    ("bow", "bˈoʊ"): [
        "He tied a bow in her hair.",
        "He hunted with a bow and arrow.",
        "She tied the ribbon in a bow.",
        "He wore a bow tie.",
        "The archer drew his bow.",
        "She moved the bow across the strings of the violin.",
    ],
}
CASES = [(word, ipa, sentence) for (word, ipa), sentences in SENTENCES.items() for sentence in sentences]


def pronounced(sentence: str, word: str, language: str = "en-us") -> str | None:
    tokens = normalise(sentence, Span(start=0, end=len(sentence)), language=language)
    return next(token.ipa for token in tokens if token.spoken.lower() == word)


def test_there_are_more_than_a_hundred_sentences() -> None:
    """Of both readings of each word."""
    assert len(CASES) > 180


@pytest.mark.parametrize(("word", "ipa", "sentence"), CASES, ids=[sentence for _, _, sentence in CASES])
def test_a_homograph_is_pronounced_by_its_neighbours(word: str, ipa: str, sentence: str) -> None:
    """By part of speech or tense, as the words around it show them."""
    assert pronounced(sentence, word) == ipa
