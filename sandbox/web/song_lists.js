// The words of the song view: its head, whose turn it is, claims, votes, comments, branches. Knows a cleaned song and
// draws it; links lead into the chat.

import { el, icon } from "./dom.js";
import { clock } from "./time.js";

const chip = (label, value, props = {}) => el("span", { class: "song-fact", ...props }, el("span", { class: "song-faint", text: `${label} ` }), value);

/** Title and facts. */
export function headOf(song) {
  const place = song.branch ? `${song.branch}${song.head === null ? "" : ` · #${song.head}`}` : song.head === null ? null : `#${song.head}`;
  return el(
    "header",
    { class: "song-head" },
    el("h2", { class: "song-title", id: "song-title", text: song.title, testid: "song-title" }),
    el(
      "p",
      { class: "song-facts", testid: "song-facts" },
      place ? chip("branch", el("strong", { text: place })) : null,
      song.isClosed ? el("strong", { text: "closed" }) : null,
      song.host ? chip("host", song.host) : null,
      song.licence ? chip("licence", song.licence) : null,
      song.bpm ? chip("tempo", `${Math.round(song.bpm)} bpm`) : null,
      chip("length", `${song.bars.length} ${song.bars.length === 1 ? "bar" : "bars"}`),
    ),
  );
}

/** Who makes it, where they work, and that I work elsewhere than the card shows; null when the card does not tell. */
export function membersOf({ members, branch }, me) {
  if (!members.length) return null;
  const own = members.find(({ name }) => name === me)?.branch;
  const words = members.map((each) => [each.name, [each.role === "editor" ? "" : each.role, each.branch && each.branch !== branch ? `on ${each.branch}` : ""].filter(Boolean).join(", ")]);
  return el(
    "div",
    { class: "song-members" },
    el("p", { class: "song-facts" }, el("span", { class: "song-faint", text: "with" }), words.map(([name, more]) => el("span", {}, name, more ? el("span", { class: "song-faint", text: ` (${more})` }) : null))),
    own && branch && own !== branch ? el("p", { class: "song-turn", testid: "song-elsewhere", text: `You work on ${own}. This card shows ${branch}: what you change here is to be heard there.` }) : null,
  );
}

/** Whose turn it is, who waits, and who has claimed what; null when nobody does any of it. */
export function turnOf(song, me) {
  const { turn, queue, claims } = song;
  if (!turn && !queue.length && !claims.length) return null;
  const lines = [];
  if (turn) lines.push(el("p", { class: "song-turn", testid: "song-turn" }, el("strong", { text: turn.who === me ? "Your turn" : `${turn.who}’s turn` }), until(turn.untilMs)));
  if (queue.length) lines.push(el("p", { class: "song-faint", testid: "song-queue", text: `${turn ? "Then" : "Waiting"}: ${queue.join(", ")}` }));
  if (claims.length) lines.push(el("ul", { class: "song-lines", "aria-label": "Claims", testid: "song-claims" }, claims.map((each) => claimOf(each, song))));
  return el("section", { class: "song-section", "aria-label": "Turns and claims" }, lines);
}

function claimOf({ who, layerId, first, last, untilMs }, song) {
  const layer = song.layers.find(({ id, name }) => layerId !== null && (id === layerId || name === layerId));
  const isAll = first === 1 && last === song.bars.length;
  const bars = isAll ? "" : first === last ? `bar ${first}` : `bars ${first} to ${last}`;
  const what = [layer?.name, bars].filter(Boolean).join(", ") || "the whole song";
  return el("li", {}, el("strong", { text: who || "Somebody" }), ` claims ${what}`, until(untilMs));
}

/** A node that counts down; refreshed by `refreshCountdowns`. */
function until(ms) {
  if (ms === null) return null;
  return el("span", { class: "song-until", "data-until": ms, title: `until ${clock(ms)}`, text: left(ms) });
}

function left(ms, now = Date.now()) {
  const seconds = Math.round((ms - now) / 1000);
  if (seconds <= 0) return "time is up";
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} days left`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min left`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

/** Bring the countdowns inside a node up to date. */
export function refreshCountdowns(root) {
  for (const node of root.querySelectorAll("[data-until]")) node.textContent = left(Number(node.dataset.until));
}

const linked = (text, link) => (link ? el("a", { href: link, text }) : el("span", { text }));

function listOf(title, rows, testid) {
  if (!rows.length) return null;
  return el("section", { class: "song-section", testid }, el("h3", {}, title, el("span", { class: "song-faint", text: ` ${rows.length}` })), el("ul", { class: "song-lines" }, rows));
}

/** Open votes. */
export const votesOf = ({ votes }) => listOf("Open votes", votes.map(({ title, link }) => el("li", {}, icon("apps", 14), linked(title, link))), "song-votes");

/** Open comments, by bar. */
export function commentsOf(song) {
  const rows = [...song.comments].sort((a, b) => (a.bar ?? 0) - (b.bar ?? 0)).map(({ bar, layer, who, text, link }) => {
    const name = song.layers.find((each) => each.id === layer || each.name === layer)?.name ?? null;
    const place = [bar ? `Bar ${bar}` : null, name].filter(Boolean).join(", ") || "The song";
    return el("li", {}, icon("forum", 14), linked(place, link), ` ${who}: ${text}`);
  });
  return listOf("Comments", rows, "song-comments");
}

/** Branches with their heads, and the merges between them. */
export function branchesOf(song) {
  const linkOf = (id) => song.revisions.find((revision) => revision.id === id)?.link ?? null;
  const rows = song.branches.map(({ name, head }) =>
    el("li", {}, icon("branch", 14), linked(name, linkOf(head)), name === song.branch ? el("strong", { text: " shown here" }) : null, head === null ? null : el("span", { class: "song-faint", text: ` head #${head}` })),
  );
  const merges = song.revisions.filter(({ parents }) => parents.length > 1).slice(0, 20).map(({ id, parents, who, link }) => el("li", {}, icon("swap", 14), linked(`#${id}`, link), ` brings ${parents.map((parent) => `#${parent}`).join(" and ")} together${who ? `, ${who}` : ""}`));
  return [listOf("Branches", rows, "song-branches"), listOf("Merges", merges, "song-merges")];
}
