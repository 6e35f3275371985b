// Before and after: two players of one message, and a switch that changes between them at the same position.

import { el, icon } from "./dom.js";
import { playerOf } from "./players.js";

/** A bar over two player cards; `names` are their titles, as "Before" and "After". */
export function compareBar(cards, names) {
  const players = cards.map(playerOf);
  const buttons = names.map((name, index) =>
    el("button", { type: "button", class: "compare-side", "aria-pressed": "false", testid: "compare", onclick: () => listenTo(index) }, name),
  );
  let current = -1;
  const note = (index) => {
    current = index;
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === index)));
  };
  const listenTo = (index) => {
    const [here, other] = [players[index], players[1 - index]];
    // Before anything was heard both begin; later the other one's position is taken over.
    const seconds = current < 0 || current === index ? here.seconds : other.seconds;
    here.playFrom(Number.isFinite(here.length) && seconds >= here.length ? 0 : seconds);
    note(index);
  };
  players.forEach((player, index) => player.audio.addEventListener("play", () => note(index)));
  const swap = el("button", { type: "button", class: "compare-swap", title: "Switch at the same position", testid: "compare-swap", onclick: () => listenTo(current < 0 ? 0 : 1 - current) }, icon("swap", 16), "A/B");
  return el("div", { class: "compare", role: "group", "aria-label": "Compare before and after" }, el("div", { class: "compare-sides" }, buttons), swap, el("span", { class: "compare-note", text: "switches at the same position" }));
}
