// Who one is in this tab, and the small dialogs that ask for a name. Keeps the answer in this tab's session only.

import { avatar, el, iconButton, openDialog } from "./dom.js";

const KEY = "sandbox-user";

/** The name this tab uses: from the address (?user=Ana), else remembered, else null. */
export function rememberedName() {
  return new URLSearchParams(location.search).get("user")?.trim() || sessionStorage.getItem(KEY);
}

/** Remember a name for this tab; an address that says otherwise is brought in line. */
export function rememberName(name) {
  sessionStorage.setItem(KEY, name);
  const address = new URL(location.href);
  if (!address.searchParams.has("user")) return;
  address.searchParams.set("user", name);
  history.replaceState(null, "", address);
}

/** Ask who one is; resolves with a name, or null when it may be and was cancelled. `people`: users to choose from. */
export function askName({ people, mayCancel }) {
  const others = people.filter((user) => !user.is_bot);
  return ask({
    title: "Who are you?",
    text: "Pick a name to chat under. It is kept in this tab only: open another tab to be somebody else too.",
    label: "Your name",
    placeholder: "For instance Ana",
    send: "Start chatting",
    testid: "who-are-you",
    mayCancel,
    extra: (finish) =>
      others.length
        ? el(
            "div",
            { class: "people", role: "group", "aria-label": "People who were here before" },
            others.slice(0, 12).map((user) => el("button", { type: "button", class: "person", testid: "person", onclick: () => finish(user.name) }, avatar({ name: user.name, bot: false }, "small"), user.name)),
          )
        : null,
  });
}

/** Ask for a new channel; resolves with {name, kind}, or null. */
export async function askChannel() {
  const kinds = [["text", "Text channel"], ["forum", "Forum: a post for each song"]].map(([value, text]) => el("label", { class: "toggle" }, el("input", { type: "radio", name: "channel-kind", value, checked: value === "text" }), el("span", { text })));
  const group = el("div", { class: "toggles", role: "radiogroup", "aria-label": "Kind" }, kinds);
  const name = await ask({ title: "New channel", text: "A place for one song or one theme.", label: "Name", placeholder: "new-song", send: "Make channel", testid: "new-channel", mayCancel: true, extra: () => group });
  return name && { name, kind: group.querySelector("input:checked").value };
}

/** Ask for the name of a thread; resolves with it, or null. */
export function askThreadName() {
  return ask({ title: "New thread", text: "A place of its own for what belongs to this message.", label: "Name", placeholder: "my song", send: "Start thread", testid: "new-thread", mayCancel: true });
}

function ask({ title, text, label, placeholder, send, testid, mayCancel, extra = () => null }) {
  return new Promise((resolve) => {
    let answer = null;
    const finish = (name) => {
      answer = name;
      dialog.close();
    };
    const input = el("input", { type: "text", id: "ask-name", maxlength: 32, placeholder, autocomplete: "off", required: true });
    const form = el(
      "form",
      { class: "dialog-form" },
      el("p", { class: "dialog-text", text }),
      extra(finish),
      el("div", { class: "field" }, el("label", { for: "ask-name", text: label }), input),
      el("div", { class: "dialog-buttons" }, el("button", { type: "submit", class: "button button-primary", text: send })),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.value.trim()) finish(input.value.trim());
    });
    const dialog = el(
      "dialog",
      { class: "dialog", "aria-labelledby": "ask-title", testid },
      el("header", { class: "dialog-head" }, el("h2", { id: "ask-title", text: title }), mayCancel ? iconButton("close", "Close", { onclick: () => dialog.close() }) : null),
      form,
    );
    // Without a name there is nobody to chat as, so the first dialog comes back when it is closed.
    dialog.addEventListener("close", () => resolve(answer === null && !mayCancel ? ask({ title, text, label, placeholder, send, testid, mayCancel, extra }) : answer));
    openDialog(dialog);
    input.focus();
  });
}
