"""What the models of these tests say: the same to the same prompt, word by word."""

import re

VOCABULARY = "the quick brown fox jumps over a lazy dog while seven wizards box quietly at night".split()


def words_of(text):
    """A text in pieces of a word with the space before it."""
    return re.findall(r"\s*\S+|\s+$", text)


def answer(prompt):
    """`words N` gets N words, a conversation its last message, any other text sixteen words."""
    asked = prompt
    if "<|im_start|>user\n" in prompt:
        asked = prompt.rsplit("<|im_start|>user\n", 1)[1].split("<|im_end|>")[0]
    counted = re.fullmatch(r"words (\d+)", asked)
    if counted:
        return [(" " if at else "") + VOCABULARY[at % len(VOCABULARY)] for at in range(int(counted[1]))]
    if asked is not prompt:
        return words_of(asked)
    return [(" " if at else "") + VOCABULARY[at] for at in range(16)]


def vector(text, length=8):
    """Eight numbers that follow from a text."""
    values = [
        sum((place + 1) * (at + 3) * byte for place, byte in enumerate(text.encode())) % 97 / 97 - 0.5
        for at in range(length)
    ]
    norm = sum(value * value for value in values) ** 0.5 or 1.0
    return [value / norm for value in values]
