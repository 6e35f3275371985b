"""What is typed and what is shown: the page's readers of command lines and of Markdown, run in the browser."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPTIONS = [
    {
        "type": 3,
        "name": "genre",
        "choices": [{"name": "Hip-Hop", "value": "hiphop"}, {"name": "Rock", "value": "rock"}],
    },
    {"type": 4, "name": "bars", "min_value": 1, "max_value": 64},
    {"type": 10, "name": "tempo"},
    {"type": 3, "name": "key", "autocomplete": True},
    {"type": 5, "name": "loop"},
    {"type": 6, "name": "by"},
    {"type": 11, "name": "file"},
]
COMMANDS = [
    {"id": "1", "type": 1, "name": "generate", "description": "", "options": OPTIONS},
    {
        "id": "2",
        "type": 1,
        "name": "song",
        "description": "",
        "options": [{"type": 1, "name": "undo", "options": OPTIONS[1:2]}],
    },
]

READ = """async ([text, commands]) => {
  const { parseLine, checkLine, entriesOf } = await import("/command_line.js");
  const line = parseLine(text, entriesOf(commands));
  const world = { users: [{ id: "7", name: "Ana Maria" }], channels: [], files: new Map(), picked: new Map() };
  if (line?.stage !== "options") return line && { name: line.query };
  const { values, problems } = checkLine(line, world);
  return { name: line.entry.name, path: line.entry.path, values, problems: problems.map((each) => each.text) };
}"""

SHOW = """async (text) => {
  const { renderMarkdown } = await import("/markdown.js");
  const box = document.createElement("div");
  box.append(renderMarkdown(text, { user: (id) => (id === "7" ? "Ana" : undefined), channel: () => "music" }));
  return box.innerHTML;
}"""


@pytest_asyncio.fixture(loop_scope="module")
async def page(open_page: Any) -> Page:
    return await open_page("Ana")


async def test_command_lines_are_read_as_people_type_them(page: Page) -> None:
    """Values run up to the next option's name, choices go by shown name or value, limits are kept."""

    async def read(text: str) -> Any:
        return await page.evaluate(READ, [text, COMMANDS])

    async def values(text: str) -> Any:
        line = await read(text)
        assert line["problems"] == []
        return line["values"]

    async def problems(text: str) -> Any:
        return (await read(text))["problems"]

    assert await values("/generate genre:rock bars:8 key:C minor") == {"genre": "rock", "bars": 8, "key": "C minor"}
    assert await values("/generate key:see https://a.b/c GENRE: hip-hop tempo:92,5") == {
        "key": "see https://a.b/c",
        "genre": "hiphop",
        "tempo": 92.5,
    }
    assert await values("/generate loop:yes by:@ana maria") == {"loop": True, "by": "7"}
    assert await values("/generate ") == {}
    assert await problems("/generate bars:0") == ["bars must be from 1 to 64."]
    assert await problems("/generate bars:eight") == ["bars must be a whole number from 1 to 64."]
    assert await problems("/generate genre:polka") == ["genre must be one of the list."]
    assert await problems("/generate genre:rock bar:8") == ["“bar” is not an option here."]
    assert await problems("/generate rock") == ["“rock” is not an option of /generate."]
    assert await problems("/generate bars:8 bars:9") == ["bars is given twice."]
    assert await problems("/generate file:x.mid") == ["Choose a file for file."]
    assert await problems("/generate by:Nobody") == ["There is nobody called “Nobody”."]
    undo = await read("/song undo bars:3")
    assert undo == {"name": "song undo", "path": ["undo"], "values": {"bars": 3}, "problems": []}
    assert await read("/gen") == {"name": "gen"}
    assert await read("hello /generate") is None


async def test_markdown_is_shown_and_never_becomes_markup(page: Page) -> None:
    """The subset is rendered; HTML, script links and unclosed marks stay text."""

    async def show(text: str) -> str:
        return await page.evaluate(SHOW, text)

    assert await show("**a** *b* _c_ ~~d~~ `e*f*`") == (
        '<span class="text"><strong>a</strong> <em>b</em> <em>c</em> <s>d</s> <code>e*f*</code></span>'
    )
    assert await show("snake_case_name 2*3*4") == '<span class="text">snake_case_name 2<em>3</em>4</span>'
    assert await show(r"\*not\* **open") == '<span class="text">*not* **open</span>'
    assert await show("<b>x</b>") == '<span class="text">&lt;b&gt;x&lt;/b&gt;</span>'
    assert "<a" not in await show("[x](javascript:alert(1)) javascript:alert(1)")
    assert 'href="https://a.b/c_d"' in await show("see https://a.b/c_d.")
    assert await show("- a\n- b") == '<ul><li class="">a</li><li class="">b</li></ul>'
    assert await show("- a\n2. b") == '<ul><li class="">a</li></ul><ol start="2"><li class="">b</li></ol>'
    assert await show("```py\nx = '<i>'\n```") == "<pre><code>x = '&lt;i&gt;'</code></pre>"
    shown = await show("<@7> <#8>")
    assert (
        '>@Ana</span> <button type="button" class="mention command-mention" data-channel="8">#music</button>' in shown
    )
    assert "<time" in await show("<t:1700000000:R>")
    assert "# no" in await show("a # no")
