// Commands on their way: a line under the log until the bot has answered, or the reason why it did not.

import { avatar, el, icon } from "./dom.js";

/** Show that `user` used `label`. Returns {done(), fail(sentence)}; `retry` puts the command back into the field. */
export function showPending(host, { user, bot, label, retry }) {
  const status = el("p", { class: "thinking", role: "status" }, el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")), "Sending the command…");
  const node = el(
    "div",
    { class: "message pending", testid: "pending" },
    el("div", { class: "message-lead" }, el("div", { class: "message-avatar" }, avatar(bot))),
    el(
      "div",
      { class: "message-main" },
      el("div", { class: "origin" }, avatar(user, "tiny"), el("strong", { text: user.name }), " used ", el("span", { class: "origin-command", text: label })),
      el("header", { class: "message-head" }, el("span", { class: "author", text: bot.name }), el("span", { class: "badge", text: "APP" })),
      status,
    ),
  );
  const toBottom = () => {
    host.parentElement.scrollTop = host.parentElement.scrollHeight;
  };
  host.append(node);
  toBottom();

  const button = (text, run) => el("button", { type: "button", class: "text-button", text, onclick: run });
  return {
    done: () => node.remove(),
    fail: (sentence) => {
      node.classList.add("is-failed", "is-ephemeral");
      status.replaceWith(
        el("p", { class: "failure", role: "alert", testid: "failure" }, icon("warning", 16), sentence),
        el("p", { class: "ephemeral-note" }, icon("eye", 14), "Only you can see this · ", retry ? button("Try again", () => [node.remove(), retry()]) : null, retry ? " · " : null, button("Dismiss", () => node.remove())),
      );
      toBottom();
    },
  };
}
