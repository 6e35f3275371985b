// A forum as a list of its posts, and the dialog that makes one. Knows posts by their threads; messages are elsewhere.

import { makePost } from "./api.js";
import { avatar, el, icon, iconButton, openDialog } from "./dom.js";
import { clock } from "./time.js";

const EPOCH_MS = 1_420_070_400_000;
const madeAt = (id) => Number(BigInt(id) >> 22n) + EPOCH_MS; // an id tells when it was made

/** The posts of the open forum, newest first. `page`: {store, actions}. */
export function forumView({ store, actions }) {
  const forum = store.channel;
  const posts = [...store.channels.values()].filter(({ parent_id: parent }) => parent === forum.id).reverse();
  return el(
    "section",
    { class: "forum", testid: "forum", "aria-label": `Posts in ${forum.name}` },
    el("button", { type: "button", class: "button button-primary", testid: "new-post", onclick: () => actions.addPost(forum) }, icon("plus", 18), "New post"),
    posts.length ? null : el("p", { class: "field-help", text: "No posts yet. A post is a thread of its own: one song, one theme." }),
    posts.map((post) => {
      const owner = store.users.get(post.owner_id);
      return el(
        "button",
        { type: "button", class: "post", testid: "post", onclick: () => actions.open(post.id) },
        owner ? avatar(store.person(owner), "small") : null,
        el("span", { class: "post-text" }, el("strong", { text: post.name }), el("span", { class: "field-help", text: `${owner?.name ?? "somebody"}, ${clock(madeAt(post.id))}` })),
      );
    }),
  );
}

/** Ask for a post and make it; resolves with its channel, or null. */
export function askPost(forum, { store }) {
  return new Promise((resolve) => {
    let made = null;
    const title = el("input", { type: "text", id: "post-title", maxlength: 100, autocomplete: "off" });
    const words = el("textarea", { id: "post-text", rows: 4, maxlength: 2000 });
    const file = el("input", { type: "file", id: "post-files", multiple: true });
    const problem = el("p", { class: "form-problem", role: "alert" });
    const field = (label, node) => el("div", { class: "field" }, el("label", { for: node.id, text: label }), node);
    const form = el("form", { class: "dialog-form", novalidate: true }, field("Title", title), field("Message", words), field("Files", file), problem, el("div", { class: "dialog-buttons" }, el("button", { type: "submit", class: "button button-primary", text: "Post" })));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      problem.textContent = title.value.trim() ? "" : "Please fill in “Title”.";
      if (problem.textContent) return;
      try {
        made = await makePost({ user_id: store.me.id, channel_id: forum.id, name: title.value.trim(), content: words.value }, [...file.files]);
        dialog.close();
      } catch (error) {
        problem.textContent = error.message;
      }
    });
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "post-head", testid: "post-form" }, el("header", { class: "dialog-head" }, el("h2", { id: "post-head", text: `New post in ${forum.name}` }), iconButton("close", "Close", { onclick: () => dialog.close() })), form);
    dialog.addEventListener("close", () => resolve(made));
    openDialog(dialog);
    title.focus();
  });
}
