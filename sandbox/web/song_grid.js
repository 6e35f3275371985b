// The arrangement: layers by bars, with signs for locks, claims, comments and what has just changed; a line for what
// sounds. Knows a cleaned song and reports presses; it sends nothing and plays nothing.

import { el, icon } from "./dom.js";

const ROOMY_BARS = 16; // so few leave room for longer names

/** One grid; `onPlay(barIndex)` and `onSelect({layer, first, last})` with bars as people count them, from 1. */
export class SongGrid {
  #song = null;
  #at = { row: 0, column: 0 }; // where the keys are: row 0 has the bars' numbers
  #anchor = null; // where a choice of several bars began
  #bars = [];
  #rows = [];

  constructor({ onPlay, onSelect }) {
    this.onPlay = onPlay;
    this.onSelect = onSelect;
    this.line = el("div", { class: "song-line", hidden: true, "aria-hidden": "true", testid: "song-line" });
    this.body = el("div", { class: "song-grid", role: "grid", "aria-label": "Layers by bars", "aria-multiselectable": "true", testid: "song-grid" });
    this.inner = el("div", { class: "song-grid-inner" }, this.body, this.line);
    this.scroller = el("div", { class: "song-grid-scroll", tabindex: -1 }, this.inner);
    this.empty = el("p", { class: "song-note", text: "There are no layers yet." });
    this.node = el("div", { class: "song-grid-frame" }, this.scroller, this.empty, legend());
    this.body.addEventListener("keydown", (event) => this.#onKey(event));
    this.body.addEventListener("pointerdown", (event) => this.#onPointer(event, { isStart: true }));
    this.body.addEventListener("pointerover", (event) => event.buttons === 1 && this.#anchor && this.#onPointer(event, { isStart: false }));
    this.body.addEventListener("dblclick", (event) => this.#placeOf(event.target)?.row && this.onPlay(this.#placeOf(event.target).column));
  }

  /** What is chosen: {layer, first, last}, or null. */
  get chosen() {
    if (!this.#anchor || !this.#song) return null;
    const columns = [this.#anchor.column, this.#at.column].sort((a, b) => a - b);
    return { layer: this.#song.layers[this.#anchor.row - 1] ?? null, first: columns[0] + 1, last: columns[1] + 1 };
  }

  draw(song) {
    const hadFocus = this.body.contains(document.activeElement);
    const isSameShape = this.#song?.bars.length === song.bars.length && this.#song?.layers.length === song.layers.length;
    this.#song = song;
    if (!isSameShape) {
      this.#at = { row: 0, column: 0 };
      this.#anchor = null;
    }
    this.body.style.setProperty("--bars", song.bars.length);
    this.node.classList.toggle("is-short", song.bars.length <= ROOMY_BARS);
    this.empty.hidden = song.layers.length > 0;
    this.body.setAttribute("aria-colcount", song.bars.length + 1);
    this.body.setAttribute("aria-rowcount", song.layers.length + 1);
    this.#bars = song.bars.map((bar, index) => barNumber(bar, index, song.bars, this.onPlay));
    const most = Math.max(1, ...song.layers.flatMap(({ cells }) => cells));
    const signs = signsOf(song);
    this.#rows = song.layers.map((layer) => song.bars.map((_, index) => cell(layer, index, most, signs)));
    this.body.replaceChildren(
      el("div", { class: "song-row song-bars", role: "row" }, el("span", { class: "song-name", role: "columnheader", text: "Bar" }), this.#bars),
      ...song.layers.map((layer, row) => el("div", { class: `song-row ${layer.isMuted ? "is-muted" : ""}`, role: "row" }, nameOf(layer, song), this.#rows[row])),
    );
    this.#mark();
    if (hadFocus) this.#nodeAt(this.#at)?.focus({ preventScroll: true });
    if (!isSameShape) this.onSelect(this.chosen);
  }

  /** Show where it sounds; null takes the line away. `length` is of the sound, for the last bar. */
  showTime(seconds, length) {
    this.line.hidden = seconds === null;
    const index = seconds === null ? -1 : Math.max(0, this.#song.bars.findLastIndex(({ startSeconds }) => startSeconds <= seconds));
    this.#bars.forEach((bar, at) => bar.classList.toggle("is-sounding", at === index));
    if (index < 0) return;
    const { startSeconds } = this.#song.bars[index];
    const stop = this.#song.bars[index + 1]?.startSeconds ?? Math.max(length || 0, startSeconds + 0.001);
    const share = Math.min(1, Math.max(0, (seconds - startSeconds) / Math.max(stop - startSeconds, 0.001)));
    const bar = this.#bars[index];
    const x = bar.offsetLeft + share * bar.offsetWidth;
    this.line.style.setProperty("transform", `translateX(${x.toFixed(1)}px)`);
    const { scrollLeft, clientWidth } = this.scroller;
    const names = this.#bars[0].offsetLeft;
    if (x > scrollLeft + clientWidth - 12 || x < scrollLeft + names) this.scroller.scrollLeft = x - names - 12;
  }

  #nodeAt({ row, column }) {
    return row ? this.#rows[row - 1]?.[column] : this.#bars[column];
  }

  #placeOf(node) {
    const found = node.closest?.("[data-column]");
    if (!found) return null;
    const row = found.parentElement === this.body.children[0] ? 0 : this.#rows.findIndex((cells) => cells.includes(found)) + 1;
    return { row, column: Number(found.dataset.column) };
  }

  #onPointer(event, { isStart }) {
    const place = this.#placeOf(event.target);
    if (!place?.row || event.button > 0) return;
    if (isStart && !(event.shiftKey && this.#anchor)) this.#anchor = place;
    this.#at = { row: this.#anchor.row, column: place.column };
    this.#mark();
    this.onSelect(this.chosen);
    if (isStart) event.target.releasePointerCapture?.(event.pointerId); // a finger keeps its first cell otherwise
  }

  #onKey(event) {
    const place = this.#placeOf(event.target);
    if (!place || event.ctrlKey || event.metaKey || event.altKey) return;
    const lastColumn = this.#song.bars.length - 1;
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -place.column], End: [0, lastColumn - place.column] };
    if (place.row && (event.key === "Enter" || event.key === " ")) this.onPlay(place.column);
    else if (!(event.key in moves)) return;
    else {
      const [down, right] = moves[event.key];
      const isWider = event.shiftKey && this.#anchor && !down;
      this.#at = { row: clamp(place.row + down, 0, this.#rows.length), column: clamp(place.column + right, 0, lastColumn) };
      if (!isWider) this.#anchor = this.#at.row ? { ...this.#at } : null;
      this.#mark();
      this.#nodeAt(this.#at).focus();
      this.onSelect(this.chosen);
    }
    event.preventDefault();
  }

  // One place of the grid is in the order of Tab; arrows do the rest.
  #mark() {
    const { chosen } = this;
    this.#bars.forEach((bar, column) => {
      bar.tabIndex = this.#at.row === 0 && this.#at.column === column ? 0 : -1;
    });
    this.#rows.forEach((cells, row) =>
      cells.forEach((node, column) => {
        const isChosen = chosen !== null && this.#anchor.row - 1 === row && column + 1 >= chosen.first && column + 1 <= chosen.last;
        node.setAttribute("aria-selected", String(isChosen));
        node.tabIndex = this.#at.row - 1 === row && this.#at.column === column ? 0 : -1;
      }),
    );
  }
}

const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

// Every bar has its number for those who listen; drawn are as many as there is room for.
function barNumber({ metre }, index, bars, onPlay) {
  const isChange = !index || bars[index - 1].metre !== metre;
  const label = `Play from bar ${index + 1}${isChange && metre ? `, ${metre}` : ""}`;
  const isShown = bars.length <= 24 || index % 4 === 0;
  return el("button", { type: "button", class: `song-bar ${isChange && index ? "is-new-metre" : ""}`, role: "columnheader", "data-column": index, tabindex: -1, title: label, "aria-label": label, testid: "song-bar", onclick: () => onPlay(index) }, el("span", { text: isShown ? index + 1 : "" }));
}

function nameOf(layer) {
  const signs = [layer.isLocked ? "locked" : null, layer.isMuted ? "muted" : null, layer.isSolo ? "solo" : null].filter(Boolean);
  const title = [`${layer.number}. ${layer.name}`, layer.instrument, layer.owner ? `owned by ${layer.owner}` : null, ...signs].filter(Boolean).join(", ");
  return el(
    "span",
    { class: "song-name", role: "rowheader", title, "aria-label": title },
    el("span", { class: "song-name-text", text: `${layer.number} ${layer.name}` }),
    layer.isLocked ? icon("lock", 12) : null,
    layer.isMuted ? el("b", { class: "song-sign", text: "M" }) : null,
    layer.isSolo ? el("b", { class: "song-sign", text: "S" }) : null,
  );
}

/** Who has claimed a cell, what was said about it, whether it has just changed. */
function signsOf(song) {
  const fits = (layerId, layer) => layerId === null || layerId === layer.id || layerId === layer.name;
  return (layer, bar) => ({
    claims: song.claims.filter(({ layerId, first, last }) => fits(layerId, layer) && bar >= first && bar <= last),
    comments: song.comments.filter((comment) => comment.bar === bar && fits(comment.layer, layer)),
    isChanged: song.changes?.cells.get(layer.id)?.has(bar) ?? false,
  });
}

function cell(layer, index, most, signs) {
  const { claims, comments, isChanged } = signs(layer, index + 1);
  const notes = layer.cells[index];
  const label = [
    `${layer.name}, bar ${index + 1}: ${notes} ${notes === 1 ? "note" : "notes"}`,
    layer.isLocked ? "locked" : null,
    claims.length ? `claimed by ${claims.map(({ who }) => who).join(" and ")}` : null,
    comments.length ? `${comments.length} ${comments.length === 1 ? "comment" : "comments"}` : null,
    isChanged ? "just changed" : null,
  ].filter(Boolean).join(", ");
  const kinds = ["song-cell", notes ? "has-notes" : "", layer.isLocked ? "is-locked" : "", claims.length ? "is-claimed" : "", comments.length ? "has-comment" : "", isChanged ? "is-changed" : ""];
  const node = el("span", { class: kinds.filter(Boolean).join(" "), role: "gridcell", "data-column": index, title: label, "aria-label": label, testid: "song-cell" });
  if (notes) node.style.setProperty("--shade", `${Math.round(22 + (78 * notes) / most)}%`);
  return node;
}

function legend() {
  const entry = (kind, words) => el("li", {}, el("span", { class: `song-cell ${kind}` }), words);
  return el("ul", { class: "song-legend", "aria-label": "Signs in the grid" }, entry("has-notes", "notes"), entry("is-locked", "locked"), entry("is-claimed", "claimed"), entry("has-comment", "comment"), entry("is-changed", "just changed"));
}
