// How a song came about: what changed last, and the graph of its revisions with branches as lanes, merges and tags.
// Knows a cleaned song; links lead into the chat, two chosen nodes are handed on to be compared.

import { el, icon } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const ROW_PX = 34;
const LANE_PX = 18;
const MAX_LANES = 10;
const CANDIDATES = "\u0000"; // the lane of revisions that are on no branch

/** "What changed": the lines of the last change. */
export function changesOf(song) {
  const { changes } = song;
  if (!changes?.lines.length) return null;
  return el("section", { class: "song-section", testid: "song-changes" }, el("h3", { text: `What changed${changes.revision === null ? "" : ` in #${changes.revision}`}` }), el("ul", { class: "song-lines" }, changes.lines.map((text) => el("li", { text }))));
}

export class SongGraph {
  #chosen = [];
  #song = null;

  /** `onCompare(first, second)` gets two revisions' numbers, the older one first. */
  constructor({ onCompare }) {
    this.onCompare = onCompare;
    this.note = el("p", { class: "song-note", role: "status", testid: "song-compare-note" });
    this.list = el("ol", { class: "song-revisions", reversed: true, testid: "song-revisions" });
    this.node = el("section", { class: "song-section" }, el("h3", { text: "Revisions" }), this.note, this.list);
  }

  draw(song) {
    this.#song = song;
    this.node.hidden = !song.revisions.length;
    this.#chosen = this.#chosen.filter((id) => song.revisions.some((revision) => revision.id === id));
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.songKey : null;
    const top = this.list.scrollTop;
    const rows = [...song.revisions].sort((a, b) => b.id - a.id);
    const lanes = lanesOf(song, rows);
    const numLanes = Math.max(0, ...lanes.values()) + 1;
    this.list.style.setProperty("--lanes", `${numLanes * LANE_PX}px`);
    this.list.replaceChildren(edges(rows, lanes, numLanes), ...rows.map((revision) => this.#row(revision, lanes)));
    this.list.scrollTop = top;
    if (focused) this.list.querySelector(`[data-song-key="${focused}"]`)?.focus({ preventScroll: true });
    this.#say();
  }

  #row(revision, lanes) {
    const { branches, tags, head } = this.#song;
    const heads = branches.filter((branch) => branch.head === revision.id);
    const labels = tags.filter((tag) => tag.revision === revision.id);
    const isMerge = revision.parents.length > 1;
    const words = [`#${revision.id}`, revision.operation || "revision"].join(" ");
    const more = [revision.who ? `by ${revision.who}` : null, revision.branch ? `on ${revision.branch}` : "a candidate, on no branch", isMerge ? `merge of ${revision.parents.map((id) => `#${id}`).join(" and ")}` : null, labels.length ? `tagged ${labels.map(({ name }) => name).join(", ")}` : null].filter(Boolean).join(", ");
    const isChosen = this.#chosen.includes(revision.id);
    const kinds = ["song-node", isMerge ? "is-merge" : "", heads.length ? "is-head" : "", revision.branch ? "" : "is-candidate"].filter(Boolean).join(" ");
    const node = el("button", { type: "button", class: kinds, "aria-pressed": String(isChosen), "aria-label": `Compare ${words}, ${more}`, title: `${words}, ${more}. Press two to compare them.`, "data-song-key": `node-${revision.id}`, testid: "song-node", onclick: () => this.#choose(revision.id) });
    node.style.setProperty("left", `${lanes.get(revision.id) * LANE_PX}px`);
    const name = revision.link ? el("a", { href: revision.link, title: `Go to the message of ${words}, ${more}`, "data-song-key": `link-${revision.id}`, text: words }) : el("span", { text: words });
    return el(
      "li",
      { class: `song-revision ${revision.id === head ? "is-current" : ""}`, value: revision.id, testid: "song-revision" },
      node,
      el("span", { class: "song-revision-text" }, name, revision.who ? el("span", { class: "song-faint", text: ` ${revision.who}` }) : null),
      heads.map(({ name: branch }) => el("span", { class: "song-chip is-branch", title: `Head of ${branch}` }, icon("branch", 12), branch)),
      labels.map(({ name: tag }) => el("span", { class: "song-chip is-tag", title: `Tag ${tag}`, text: tag })),
    );
  }

  #choose(id) {
    if (this.#chosen.includes(id)) this.#chosen = this.#chosen.filter((each) => each !== id);
    else this.#chosen.push(id);
    if (this.#chosen.length === 2) {
      const [first, second] = this.#chosen.sort((a, b) => a - b);
      this.#chosen = [];
      this.draw(this.#song);
      this.note.textContent = `Comparing #${first} with #${second}…`;
      this.onCompare(first, second);
      return;
    }
    this.draw(this.#song);
  }

  #say() {
    this.note.textContent = this.#chosen.length ? `#${this.#chosen[0]} is chosen: press another circle to compare the two.` : "A line leads to its message; press two circles to compare them.";
  }
}

/** Revision -> lane; the branches in their order, what is on none of them at the right. */
function lanesOf({ branches }, rows) {
  const names = branches.map(({ name }) => name);
  for (const { branch } of rows) if (branch && !names.includes(branch)) names.push(branch);
  if (rows.some(({ branch }) => !branch)) names.push(CANDIDATES);
  return new Map(rows.map(({ id, branch }) => [id, Math.min(MAX_LANES - 1, names.indexOf(branch ?? CANDIDATES))]));
}

function edges(rows, lanes, numLanes) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", numLanes * LANE_PX);
  svg.setAttribute("height", rows.length * ROW_PX);
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("song-edges");
  const places = new Map(rows.map(({ id }, index) => [id, { x: (lanes.get(id) + 0.5) * LANE_PX, y: (index + 0.5) * ROW_PX }]));
  for (const { id, parents, branch } of rows) {
    const from = places.get(id);
    parents.forEach((parent, index) => {
      // A parent too old to be listed is somewhere below.
      const to = places.get(parent) ?? { x: from.x, y: rows.length * ROW_PX };
      const path = document.createElementNS(SVG, "path");
      const turn = from.x === to.x ? "" : `C ${from.x} ${from.y + ROW_PX * 0.7}, ${to.x} ${from.y + ROW_PX * 0.3}, ${to.x} ${Math.min(to.y, from.y + ROW_PX)} `;
      path.setAttribute("d", `M ${from.x} ${from.y} ${turn}L ${to.x} ${to.y}`);
      path.setAttribute("class", [index ? "is-merge" : "", branch ? "" : "is-candidate"].join(" "));
      svg.append(path);
    });
  }
  const frame = el("li", { class: "song-edges-frame", "aria-hidden": "true" });
  frame.append(svg);
  return frame;
}
