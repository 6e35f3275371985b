// The field at the bottom: text, files, replies, keys. Commands are read by command_mode.js; sending is up to `actions`.

import { sendTyping } from "./api.js";
import { CommandMode } from "./command_mode.js";
import { el, icon, iconButton } from "./dom.js";
import { summary } from "./message.js";
import { paintLine } from "./mirror.js";
import { Picker } from "./picker.js";
import { suggestMentions, withMentions } from "./suggestions.js";
import { FileTray } from "./tray.js";

const TYPING_EVERY_MS = 6000;
const CARET_KEYS = new Set(["ArrowLeft", "ArrowRight", "Home", "End"]);

export class Composer {
  #reply = null;
  #drafts = new Map(); // channel id -> text
  #lastTyping = 0;
  #isDismissed = false;
  #isHeld = true; // until the page hears the server: an answer for one's own eyes only would find nobody before
  #isEager = false; // Enter was pressed while held

  /** `page`: {store, actions, interactions}. */
  constructor(page) {
    this.page = page;
    this.input = el("textarea", { class: "composer-input", rows: 1, maxlength: 4000, autocomplete: "off", "aria-label": "Message", "aria-autocomplete": "list", "aria-haspopup": "listbox", testid: "composer" });
    this.mirror = el("div", { class: "composer-mirror", "aria-hidden": "true" });
    this.tray = new FileTray({ limits: () => page.store.limits, complain: (sentence) => this.complain(sentence), onChange: () => this.refresh() });
    this.replyBar = el("div", { class: "reply-bar", hidden: true, testid: "reply-bar" });
    this.problem = el("p", { class: "composer-problem", role: "alert", testid: "composer-problem" });
    this.sendButton = iconButton("send", "Send", { class: "composer-send", testid: "send", disabled: true, onclick: () => this.submit() });
    this.picker = new Picker({ input: this.input, onPick: (suggestion) => this.#pick(suggestion), onChip: (option) => this.#goTo(option), onMore: () => this.setText(`${this.input.value.trimEnd()} `) });
    this.commands = new CommandMode({ page, picker: this.picker, onChange: () => this.refresh() });
    this.node = this.#build();
    this.#wire();
    page.store.on("commands", () => this.refresh());
  }

  #build() {
    const line = el(
      "div",
      { class: "composer-line" },
      iconButton("plus", "Attach a file", { class: "composer-attach", testid: "attach", onclick: () => this.#browse((files) => this.addFiles(files)) }),
      iconButton("slash", "Commands", { class: "composer-slash", testid: "slash", onclick: () => this.setText("/") }),
      el("div", { class: "composer-field" }, this.mirror, this.input),
      this.sendButton,
    );
    return el("form", { class: "composer", "aria-label": "Write a message" }, this.picker.node, this.problem, el("div", { class: "composer-box" }, this.replyBar, this.tray.node, line));
  }

  #wire() {
    this.node.addEventListener("submit", (event) => event.preventDefault());
    this.input.addEventListener("input", () => this.#onInput());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    this.input.addEventListener("keyup", (event) => CARET_KEYS.has(event.key) && this.refresh());
    this.input.addEventListener("click", () => this.refresh());
    this.input.addEventListener("focus", () => this.refresh());
    this.input.addEventListener("blur", () => this.picker.close());
    this.input.addEventListener("scroll", () => {
      this.mirror.scrollTop = this.input.scrollTop;
    });
    this.input.addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.addFiles([...event.clipboardData.files]);
    });
  }

  focus() {
    this.input.focus();
  }

  complain(sentence) {
    this.problem.textContent = sentence;
  }

  /** Put this text into the field, with the caret at its end or at `caret`. */
  setText(text, caret = text.length) {
    this.input.value = text;
    this.input.focus();
    this.input.setSelectionRange(caret, caret);
    this.#onInput();
  }

  /** Keep what is sent from now on in the field until `release`. */
  hold() {
    this.#isHeld = true;
  }

  /** Send what was kept by `hold`, if it was to be sent. */
  release() {
    this.#isHeld = false;
    if (!this.#isEager) return;
    this.#isEager = false;
    this.submit();
  }

  /** Change to another channel: each keeps its own draft. What was typed before there was a channel belongs to the first. */
  enter(channel, previousId) {
    if (previousId) this.#drafts.set(previousId, this.input.value);
    this.setReply(null);
    this.complain("");
    this.input.placeholder = `${channel.kind === "dm" ? `Message ${this.page.store.bot.name}` : `Message #${channel.name}`}, / for commands`;
    this.input.setAttribute("aria-label", this.input.placeholder);
    const draft = this.#drafts.get(channel.id) ?? "";
    this.input.value = previousId ? draft : this.input.value || draft;
    this.#isDismissed = true;
    this.refresh();
  }

  setReply(message) {
    this.#reply = message;
    this.replyBar.hidden = !message;
    if (!message) return;
    const author = this.page.store.person(message.author);
    this.replyBar.replaceChildren(
      icon("reply", 16),
      el("span", { class: "reply-text" }, "Replying to ", el("strong", { text: author.name }), el("span", { class: "reply-quote", text: ` ${summary(message, 60)}` })),
      iconButton("close", "Cancel reply", { onclick: () => this.setReply(null) }),
    );
    this.focus();
  }

  /** Files that were chosen, pasted or dropped: for the command being typed if it takes one, else for the message. */
  addFiles(files) {
    this.complain("");
    const rest = this.tray.allowed(files);
    const line = this.commands.parse(this.input.value);
    if (line?.stage !== "options") {
      this.tray.add(rest);
      this.focus();
      return;
    }
    const free = this.commands.freeFileOptions(line);
    free.slice(0, rest.length).forEach((option, index) => this.setText(this.commands.withFile(this.input.value, option, rest[index])));
    if (rest.length > free.length) this.complain(`/${line.entry.name} takes no more files.`);
  }

  #browse(take) {
    const chooser = el("input", { type: "file", multiple: true, testid: "file-chooser", class: "visually-hidden", tabindex: -1, "aria-hidden": "true" });
    const finish = () => {
      chooser.remove();
      this.focus();
    };
    chooser.addEventListener("change", () => {
      take([...chooser.files]);
      finish();
    });
    chooser.addEventListener("cancel", finish);
    this.node.append(chooser);
    chooser.click();
  }

  #onInput() {
    this.#isEager = false; // what is being changed is not to be sent yet
    this.#isDismissed = false;
    this.complain("");
    this.#sayTyping();
    this.refresh();
  }

  #sayTyping() {
    const { store } = this.page;
    const now = Date.now();
    if (this.#isHeld || !this.input.value || this.input.value.startsWith("/") || now - this.#lastTyping < TYPING_EVERY_MS) return;
    this.#lastTyping = now;
    sendTyping(store.me.id, store.currentId).catch(() => {}); // a lost typing sign harms nobody
  }

  /** Bring picker and marks in line with the text. */
  refresh() {
    const text = this.input.value;
    const line = this.commands.parse(text);
    this.sendButton.disabled = !text.trim() && this.tray.isEmpty;
    if (line?.stage === "options" && !this.tray.isEmpty && this.commands.freeFileOptions(line).length) {
      // A file attached before the command was typed belongs to the command.
      this.addFiles(this.tray.take());
      return;
    }
    paintLine(this.mirror, text, line, line?.stage === "options" ? this.commands.check(line).problems : []);
    if (this.#isDismissed || document.activeElement !== this.input) this.picker.close();
    else if (line) this.commands.show(line, text, this.input.selectionStart);
    else this.#showMentions(text);
  }

  #showMentions(text) {
    const { store } = this.page;
    const people = [store.bot, ...store.members.filter(({ id }) => id !== store.bot.id), ...this.#mentionableRoles()];
    const items = suggestMentions(text, this.input.selectionStart, people);
    if (items.length) this.picker.show({ items, guide: null, title: "People", hasDefault: true });
    else this.picker.close();
  }

  #mentionableRoles() {
    const { store } = this.page;
    return [...store.roles.values()].filter(({ id }) => id !== store.guild.id);
  }

  #pick(suggestion) {
    const { option, replace } = suggestion;
    if (suggestion.kind === "file") {
      this.#browse(([file]) => file && this.tray.allowed([file]).length && this.setText(this.commands.withFile(this.input.value, option, file)));
      return;
    }
    if (suggestion.kind === "offered") this.commands.remember(suggestion);
    const before = this.input.value.slice(0, replace.start) + replace.text;
    const after = this.input.value.slice(replace.stop);
    this.setText(before + (replace.text.endsWith(" ") ? after.trimStart() : after), before.length);
  }

  #goTo(option) {
    const { text, caret } = this.commands.placeFor(this.input.value, option);
    this.setText(text, caret);
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (this.picker.handleKey(event)) event.preventDefault();
    else if (event.key === "Escape") this.#onEscape(event);
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#onEnter();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      event.preventDefault();
      this.page.actions.focusLastMessage();
    }
  }

  #onEscape(event) {
    event.preventDefault();
    if (this.picker.isOpen) {
      this.#isDismissed = true;
      this.picker.close();
    } else this.setReply(null);
  }

  // Enter takes the suggestion while the word is unfinished or one was chosen with the arrows; else it sends.
  #onEnter() {
    const { active, isDeliberate } = this.picker;
    const line = this.commands.parse(this.input.value);
    const isWhole = line?.stage === "name" ? Boolean(line.entry) : line?.stage === "options" && this.commands.check(line).problems.every(({ isMissing }) => isMissing);
    if (active && (isDeliberate || !isWhole)) this.#pick(active);
    else this.submit();
  }

  /** Send what is in the field: a command or a message. */
  submit() {
    const text = this.input.value.trim();
    if (!text && this.tray.isEmpty) return;
    if (this.#isHeld) {
      this.#isEager = true;
      return;
    }
    if (text.startsWith("/")) this.#submitCommand();
    else this.#submitMessage(text);
  }

  #submitCommand() {
    const text = this.input.value;
    const { send, problem, option, isMissing } = this.commands.prepare(text.trimStart());
    if (send) {
      this.#clear();
      this.page.actions.runCommand(send);
      return;
    }
    if (option) this.#goTo(option);
    if (!isMissing || !option) this.complain(problem);
    else this.complain(`${problem} ${option.description}`);
  }

  #submitMessage(text) {
    const { store, actions } = this.page;
    if (text.length > store.limits.max_content_length) {
      this.complain(`A message has at most ${store.limits.max_content_length} characters; this one has ${text.length}.`);
      return;
    }
    const draft = { text, files: this.tray.take(), reply: this.#reply };
    this.#clear();
    actions.send({ content: withMentions(text, [store.bot, ...store.users.values()], this.#mentionableRoles()), files: draft.files, reply: draft.reply, restore: () => this.#restore(draft) });
  }

  #restore({ text, files, reply }) {
    if (!this.input.value) this.setText(text);
    this.tray.add(files);
    this.setReply(reply);
  }

  #clear() {
    this.setReply(null);
    this.#lastTyping = 0;
    this.setText("");
  }
}
