"""A few rows of each published data set, by the schema that its task reads."""

import json

PARAGRAPH = "Town {i} lies on a hill. In {year} it was  founded by Count Ada {i}. It has a bridge."

POEM = "An old gull sat upon the pier and sang of fish"


def squad_rows():
    rows = []
    for i in range(6):
        context = PARAGRAPH.format(i=i, year=1500 + i)
        for question, answer in (("When was it founded?", str(1500 + i)), ("Who founded it?", f"Count Ada {i}")):
            starts = [context.index(answer)] * 2
            answers = {"text": [answer, answer], "answer_start": starts}
            rows.append({"id": str(len(rows)), "title": "T", "context": context, "question": f"{question} {i}"})
            rows[-1]["answers"] = answers
    return rows


def hotpot_rows():
    rows = []
    for i in range(4):
        context = {
            "title": [f"Film {i}", f"Person {i}", "Other"],
            "sentences": [[f"Film {i} is by Person {i}.", " It is long."], [f"Person {i} is from Rome {i}."], ["No."]],
        }
        facts = {"title": [f"Person {i}", f"Film {i}"], "sent_id": [0, 0]}
        row = {"id": str(i), "question": f"Where is the maker of Film {i} from?", "answer": f"Rome {i}"}
        rows.append(row | {"type": "bridge", "level": "hard", "supporting_facts": facts, "context": context})
    return [*rows, rows[0] | {"id": "yes", "answer": "yes"}]


def babi_rows():
    rows = [{"input": f"Mary went to room{i}. ", "question": "Where is Mary? ", "target": f"room{i}"} for i in range(3)]
    return [*rows, {"input": "Bo took milk. Bo took tea.", "question": "What does Bo carry?", "target": "milk,tea"}]


def longbench_rows():
    return [
        {
            "_id": str(i),
            "question": f"Which town {i}?",
            "answer": "ABCD"[i],
            "context": f"The town {i}. " * 20 * (i + 1),
        }
        | {f"choice_{letter}": f"town {letter}{i}" for letter in "ABCD"}
        for i in range(4)
    ]


def mrcr_rows():
    talk = [
        {"role": "user", "content": "write a poem about gulls"},
        {"role": "assistant", "content": POEM},
        {"role": "user", "content": "Prepend x7Q to the first poem about gulls."},
    ]
    row = {"prompt": json.dumps(talk), "answer": f"x7Q{POEM}", "random_string_to_prepend": "x7Q", "n_needles": 2}
    return [row, row | {"n_needles": 4, "random_string_to_prepend": "other"}]


NOLIMA = [
    {
        "id": "1",
        "needle": "Actually, {CHAR} lives next to the {1}.",
        "questions": {"onehop": "Which character has been to {2}?", "twohop": "Which character has been to {3}?"},
        "character_set": ["Yuki", "Katie"],
        "tests": {"T1": {"input_args": ["Semper Opera House", "Dresden", "Saxony"]}},
    },
    {
        "id": "2",
        "needle": "{CHAR} is {1}.",
        "questions": {"onehop": "Who, {CHAR} or another, cannot {2}?"},
        "character_set": ["Yuki"],
        "tests": {"T2": {"input_args": ["vegan", "eat fish"]}},
    },
    {
        "id": "3",
        "needle": "Nobody is {1}.",
        "questions": {"onehop": "Is it {1}?"},
        "character_set": ["Yuki"],
        "tests": {"T3": {"input_args": ["here"]}},
    },
]


RULER = [
    {
        "input": f"Read this.\nThe key of {n} is 12{n}.\nGrass is green.\nWhat is the key of {n}?",
        "outputs": [f"12{n}"],
        "answer_prefix": f" The key of {n} is",
    }
    for n in range(3)
]
