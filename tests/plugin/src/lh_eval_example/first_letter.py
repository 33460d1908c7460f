"""First letter: a lenient rule for words."""


class FirstLetter:
    """1 where the first letter of the text is an answer's."""

    def score(self, prediction, answers):
        """Score what a model said, 0 or 1."""
        return float(prediction.strip()[:1].lower() in {answer[:1].lower() for answer in answers})

    def is_decided(self, text, answers):
        """A letter decides."""
        return bool(text.strip())
