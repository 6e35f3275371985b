// What an empty channel says: a welcome, and lines to try. Knows example lines; which commands exist it asks the store.

import { el, icon } from "./dom.js";

const EXAMPLES = [
  { line: "/tutorial", text: "The first steps, with music that is there" },
  { line: "/generate prompt:sad jazz waltz in D minor, 16 bars", text: "In plain words" },
  { line: "/generate genre:rock bars:8", text: "Eight bars of rock, written for you" },
  { line: "/compose", text: "A whole song, its plan first" },
  { line: "/harmonize", text: "Attach a melody, get its harmony" },
  { line: "/remix", text: "Change the newest piece in this channel" },
  { line: "/help", text: "Everything the bot can do" },
];

/** The welcome of the open channel. `page`: {store, actions}. */
export function welcome({ store, actions }) {
  const { channel, bot } = store;
  const usable = store.usableCommands;
  const known = new Map(usable.filter(({ type }) => type === 1).map((command) => [command.name, command]));
  const fits = ({ line }) => {
    const command = known.get(line.slice(1).split(" ")[0]);
    const names = [...line.matchAll(/ (\w+):/gu)].map((match) => match[1]);
    return command && names.every((name) => command.options.some((option) => option.name === name));
  };
  const fitting = EXAMPLES.filter(fits);
  const others = usable.filter(({ type }) => type === 1).slice(0, 4).map(({ name, description }) => ({ line: `/${name}`, text: description }));
  const examples = fitting.length ? fitting : others;
  const place = channel?.kind === "dm" ? bot.name : `#${channel?.name ?? ""}`;
  return el(
    "section",
    { class: "welcome", testid: "welcome" },
    el("div", { class: "welcome-sign", "aria-hidden": "true" }, icon("music", 40)),
    el("h2", { text: `Welcome to ${place}` }),
    channel?.topic ? el("p", { text: channel.topic }) : null,
    examples.length ? el("p", { text: "Start with one of these, or type a slash to see everything:" }) : null,
    examples.length
      ? el("div", { class: "examples" }, examples.map(({ line, text }) => el("button", { type: "button", class: "example", testid: "example", onclick: () => actions.fill(line) }, el("code", { text: line }), el("span", { text }))))
      : el("p", { class: "welcome-wait", role: "status" }, el("span", { class: "spinner", "aria-hidden": "true" }), ` Waiting for ${bot.name} to come online…`),
  );
}
