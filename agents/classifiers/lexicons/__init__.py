"""The words and phrases by which texts are told apart. The language they are written in is explained in `phrases`."""

from agents.classifiers.lexicons import commitments, danger, feelings, manners, subjects
from agents.classifiers.phrases import stems_of, words_of

_ALL = (
    *danger.SURE.values(),
    *danger.DOUBTFUL.values(),
    *subjects.SUBJECTS.values(),
    subjects.OTHER,
    feelings.ANGER,
    feelings.ANNOYANCE,
    feelings.CALM,
    feelings.PROBLEMS,
    *manners.TONES.values(),
    manners.HEDGES,
    *commitments.ALL,
)
#: Every word of every lexicon, and every beginning of one: English, as far as telling the language is concerned.
WORDS = frozenset(words_of(*_ALL))
STEMS = tuple(sorted(stems_of(*_ALL)))
