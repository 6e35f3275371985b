"""The graph of a song made together: lanes, and how they are drawn."""

from __future__ import annotations

import io
import random

from PIL import Image

from media.graph_lanes import assign_lanes
from media.graph_picture import MAX_REVISIONS, describe_graph, draw_graph
from media.song_facts import GraphRevision


def revision(number: int, *parents: int, branch: str = "main", **fields) -> GraphRevision:
    return GraphRevision(number=number, label=fields.pop("label", "Remix"), parents=parents, branch=branch, **fields)


EVENING = (
    revision(7, 5, 6, label="Merge", who="Ada", head_of=("main",)),
    revision(6, 3, branch="bridge", who="Bob", head_of=("bridge",)),
    revision(5, 2),
    revision(4, 2, branch="", who="Bob"),
    revision(3, 2, branch="bridge"),
    revision(2, 1, tags=("demo",)),
    revision(1, label="New piece", who="Ada"),
)


def make_graph(num_revisions: int, *, num_branches: int, seed: int = 1) -> tuple[GraphRevision, ...]:
    choose = random.Random(seed)
    heads: dict[str, int] = {"main": 1}
    made = [revision(1)]
    for number in range(2, num_revisions + 1):
        what = choose.random()
        branch = choose.choice(list(heads))
        if what < 0.1 and len(heads) < num_branches:
            name = f"idea {number}"
            made.append(revision(number, heads[branch], branch=name))
            heads[name] = number
        elif what < 0.2 and branch != "main":
            made.append(revision(number, heads["main"], heads[branch]))
            heads["main"] = number
        elif what < 0.25:
            made.append(revision(number, heads[branch], branch=""))
        else:
            made.append(revision(number, heads[branch], branch=branch))
            heads[branch] = number
    return tuple(reversed(made))


def test_a_branch_keeps_its_lane_and_main_has_the_first():
    assert assign_lanes(EVENING) == [0, 1, 0, 2, 1, 0, 0]


def test_no_line_crosses_a_sign_of_another_branch():
    """A lane is one branch's from where it left to where it ends or was merged."""
    for seed in range(20):
        graph = make_graph(120, num_branches=8, seed=seed)
        lanes = assign_lanes(graph)
        rows = {each.number: row for row, each in enumerate(graph)}
        for row, each in enumerate(graph):
            for number, parent in enumerate(each.parents):
                lane = lanes[row] if number == 0 else lanes[rows[parent]]
                key = each.branch if number == 0 else graph[rows[parent]].branch
                between = range(row + 1, rows[parent])
                assert all(lanes[other] != lane or graph[other].branch == key for other in between)


def test_lanes_are_used_again():
    """A hundred short candidates do not make the picture a hundred lanes wide."""
    graph: list[GraphRevision] = [revision(1)]
    for number in range(2, 200, 2):
        graph += [revision(number, number - 1 if number == 2 else number - 2), revision(number + 1, number, branch="")]
    assert max(assign_lanes(tuple(reversed(graph)))) <= 2


def test_the_graph_in_words():
    """Heads, tags, merges, what is on no branch, and the newest revisions."""
    text = describe_graph(EVENING, title="Evening")
    assert text.startswith(
        "Graph of 7 revisions of Evening, newest first. Heads: main at #7, bridge at #6. Tags: demo at #2. "
        "Merges: #7 of #5 and #6. On no branch: #4. Newest: #7 Merge by Ada; #6 Remix by Bob; #5 Remix;"
    )
    assert len(describe_graph(make_graph(400, num_branches=40), title="x" * 900)) <= 1000


def test_each_thing_that_can_be_told_changes_the_picture():
    """A head, a tag, a merge, a candidate."""
    plain = (revision(3, 2), revision(2, 1), revision(1))
    pictures = {
        draw_graph(graph).png
        for graph in (
            plain,
            (revision(3, 2, head_of=("main",)), *plain[1:]),
            (revision(3, 2, tags=("demo",)), *plain[1:]),
            (revision(3, 2, 1), *plain[1:]),
            (revision(3, 2, branch=""), *plain[1:]),
        )
    }
    assert len(pictures) == 5


def test_two_hundred_revisions_fit_and_older_ones_are_left_out():
    """In columns, so that the picture is wider than high; what stands on something older ends in a line."""
    graph = make_graph(MAX_REVISIONS + 50, num_branches=6)
    picture = draw_graph(graph, title="Evening")
    image = Image.open(io.BytesIO(picture.png))
    assert image.height < image.width < 2000
    assert picture.alt_text.startswith("Graph of 200 revisions")
    assert draw_graph(graph[:MAX_REVISIONS], title="Evening").png == picture.png


def test_names_in_any_form_break_nothing():
    names = ("", "x" * 400, "a\nb", "日本🎹")
    graph = [
        revision(number, branch=name, who=name, label=name, tags=(name,), head_of=(name,))
        for number, name in enumerate(names, start=1)
    ]
    assert draw_graph(graph[::-1], title="a\nb").png
    assert draw_graph(()).png
