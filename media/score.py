"""Written music as pictures: MusicXML engraved by Verovio, drawn by resvg (PNG) and svg2pdf (PDF). It knows no bot.

Verovio measures text as if it were set in Times, which a machine may not have; it is set in STIX, which has the same
widths and comes with matplotlib, so a page looks the same everywhere. Nothing of the system is needed, neither fonts nor libraries.
"""

# verovio, resvg_py and svg2pdf_py ship few or no types; values are converted where they enter.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import io
import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from core.errors import InputError, RenderError
from media.protocol import MAX_SCORE_PAGES, EngravedScore, EngraveScore
from music.musicxml_writing import write_score_xml
from music.names import key_name
from music.notation.score import Score
from music.notation.spelling import fifths_of, spell
from music.notation.writing import choose_part, name_parts, write_score
from music.piece import Piece
from music.time_grid import TimeGrid

MAX_PAGES = 60
_PAGE_WIDTH, _PAGE_HEIGHT = 2100, 2970  # A4 in tenths of a millimetre
_PICTURE_ZOOM = 2.4
_POINTS_PER_UNIT = 72 / 254  # Verovio counts tenths of a millimetre
_OPTIONS: dict[str, Any] = {
    "pageWidth": _PAGE_WIDTH,
    "pageHeight": _PAGE_HEIGHT,
    "pageMarginTop": 80,
    "pageMarginBottom": 80,
    "pageMarginLeft": 80,
    "pageMarginRight": 80,
    "header": "auto",
    "footer": "none",  # else it advertises
    "svgFormatRaw": True,  # blanks between elements would move centred text
    "breaks": "auto",
    "condense": "auto",
    "justifyVertically": False,
    "staffLineWidth": 0.2,
    "smuflTextFont": "none",
    "xmlIdSeed": 1,  # the same music gives the same bytes
}
_SCALES = ((6, 42), (10, 34), (16, 26))
"""(staves, size in percent): large scores are engraved smaller, so that a system fits on its page."""
_SMALLEST_SCALE = 20
_PAGE_SIZE = re.compile(r'width="([0-9.]+)px" height="([0-9.]+)px"')
_TEXT_FONT = re.compile(r'font-family="Times[^"]*"')
_TITLE = re.compile(r'(class="pgHead".*?text-anchor="middle".*?font-size=")([1-9][0-9.]*)px', re.DOTALL)
_TITLE_GROWTH = 1.6  # Verovio sets all credits in one size
_SIGNS = re.compile(r'<tspan font-family="(?:Leipzig|Bravura|Leland)" font-size="([0-9.]+)px">([^<]*)</tspan>')
_GLYPHS = {"\uecb7": ".", "\ueca5": "♩", "\ueca7": "♪", "\uea64": "♭", "\uea65": "♮", "\uea66": "♯"}
"""Music signs inside texts, which Verovio takes from its own font, and their namesakes in ours."""
_TEXT_FAMILY = "STIXGeneral"


def engrave(request: EngraveScore) -> EngravedScore:
    """Return the score in the forms that were asked for.

    Raises:
        InputError: for a part that the piece does not have, or a piece without notes.
        RenderError: if the engraver fails.
    """
    piece = request.piece if request.part is None else choose_part(request.piece, request.part)
    if piece.num_notes == 0:
        raise InputError("There are no notes to write down. Choose a piece with music in it.")
    piece = replace(piece, title=request.title or piece.title)
    score = write_score(piece, credit_line=request.credit_line, rights=request.rights)
    musicxml = write_score_xml(score)
    wanted = request.forms
    if not {"png", "pdf"} & set(wanted):
        return EngravedScore(musicxml=musicxml)
    picture, num_pages = _engrave_pages(score, musicxml, max_pages=1)
    pages = _engrave_pages(score, musicxml, max_pages=MAX_SCORE_PAGES)[0] if "pdf" in wanted else []
    return EngravedScore(
        musicxml=musicxml if "musicxml" in wanted else b"",
        png=_draw(picture[0]) if "png" in wanted else b"",
        pdf=_print(pages) if "pdf" in wanted else b"",
        num_pages=num_pages,
        alt_text=describe_score(piece, num_pages=num_pages),
    )


def describe_score(piece: Piece, *, num_pages: int) -> str:
    """Return the score in words, for those who do not see it."""
    grid = TimeGrid(piece)
    tracks = [track for track in piece.tracks if track.notes]
    names = name_parts(tracks)
    parts = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    key = f" in {key_name(piece.key_signatures[0])}" if piece.key_signatures else ""
    metre = piece.time_signatures[0].name if piece.time_signatures else "4/4"
    pages = f"page 1 of {num_pages}" if num_pages > 1 else "one page"
    title = f"“{piece.title}”" if piece.title else "a piece"
    bars = f"{grid.num_bars} bars" if grid.num_bars != 1 else "one bar"
    return f"Sheet music, {pages}: {title}{key}, {metre}, {bars}, for {parts}. {_opening_of(piece)}".strip()


def _opening_of(piece: Piece) -> str:
    """Name the first notes of the first part that has any, as the key spells them."""
    pitched = [track for track in piece.tracks if track.notes and not track.is_drum]
    if not pitched:
        return ""
    fifths = fifths_of(piece.key_signatures[0]) if piece.key_signatures else 0
    spelled = (spell(note.pitch, fifths=fifths) for note in pitched[0].notes[:6])
    notes = (
        f"{each.letter}{'#' * each.alter if each.alter > 0 else 'b' * -each.alter}{each.octave}" for each in spelled
    )
    return f"The first part begins {' '.join(notes)}."


# --- pages


def _engrave_pages(score: Score, musicxml: bytes, *, max_pages: int) -> tuple[list[str], int]:
    """Return the first pages as SVG, and how many there are in all."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit(False)
    toolkit.setResourcePath(str(files("verovio") / "data"))
    num_staves = sum(len(part.clefs) for part in score.parts)
    scale = next((scale for most, scale in _SCALES if num_staves <= most), _SMALLEST_SCALE)
    has_one_page = max_pages == 1
    toolkit.setOptions(_OPTIONS | {"scale": scale, "adjustPageHeight": has_one_page})
    if not toolkit.loadData(musicxml.decode()):
        raise RenderError("Verovio cannot read the score that was written for it")
    num_pages = int(toolkit.getPageCount())
    if num_pages < 1:
        raise RenderError("Verovio made no page")
    pages = [_with_own_fonts(str(toolkit.renderToSVG(page + 1))) for page in range(min(num_pages, max_pages))]
    if score.title:
        pages[0] = _TITLE.sub(lambda match: f"{match[1]}{float(match[2]) * _TITLE_GROWTH:.0f}px", pages[0], count=1)
    return pages, num_pages


def _with_own_fonts(svg: str) -> str:
    """Name the fonts that we have in place of those that Verovio hopes for."""
    svg = _TEXT_FONT.sub(f'font-family="{_TEXT_FAMILY}"', svg)
    return _SIGNS.sub(_write_sign, svg)


def _write_sign(match: re.Match[str]) -> str:
    size = float(match[1]) * (0.9 if match[2] in {"♩", "\ueca5"} else 0.62)
    text = "".join(_GLYPHS.get(glyph, "") for glyph in match[2])
    return f'<tspan font-family="{_TEXT_FAMILY}" font-weight="normal" font-size="{size:.0f}px">{text}</tspan>'


@lru_cache(maxsize=1)
def _font_files() -> tuple[str, ...]:
    folder = Path(str(files("matplotlib"))) / "mpl-data" / "fonts" / "ttf"
    return tuple(str(folder / f"{_TEXT_FAMILY}{style}.ttf") for style in ("", "Bol", "Italic", "BolIta"))


def _draw(svg: str) -> bytes:
    import resvg_py

    try:
        png = resvg_py.svg_to_bytes(
            svg_string=svg,
            background="white",
            skip_system_fonts=True,
            serif_family=_TEXT_FAMILY,
            font_files=list(_font_files()),
            zoom=_PICTURE_ZOOM,
        )
    except (ValueError, RuntimeError) as error:
        raise RenderError("The page could not be drawn") from error
    return _in_greys(bytes(png))


def _in_greys(png: bytes) -> bytes:
    """Return a picture of ink on paper in few greys: a third of the size, and nobody sees it."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("L").quantize(16).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _on_paper(svg: str) -> str:
    """Return a page in the size of the paper: a point for each unit of its outermost element."""
    size = _PAGE_SIZE.search(svg)
    assert size is not None, "Verovio states the size of every page"
    width, height = size[1], size[2]
    paper = f'width="{_PAGE_WIDTH * _POINTS_PER_UNIT:.3f}" height="{_PAGE_HEIGHT * _POINTS_PER_UNIT:.3f}"'
    return svg.replace(size[0], f'{paper} viewBox="0 0 {width} {height}"', 1)


def _print(pages: list[str]) -> bytes:
    """Return the pages as one PDF with lines, not pixels."""
    import svg2pdf_py
    from pypdf import PdfReader, PdfWriter

    fonts: Any = svg2pdf_py.FontDatabase()
    for path in _font_files():
        fonts.load_font_file(path)
    writer = PdfWriter()
    try:
        for page in svg2pdf_py.svg_pages_to_pdfs([_on_paper(page) for page in pages], fonts):
            for each in PdfReader(io.BytesIO(bytes(page))).pages:
                writer.add_page(each)
    except (ValueError, RuntimeError) as error:
        raise RenderError("The pages could not be printed") from error
    writer.compress_identical_objects()
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()
