// The song beside the chat: made from the pinned card of the bot and from nothing else, and anew whenever the card
// changes. Knows which card, its sound, and what the buttons do; the parts are drawn by the other song_*.js.

import { readPins } from "./api.js";
import { kindOf } from "./attachments.js";
import { el, icon } from "./dom.js";
import { audioPlayer, playerOf } from "./players.js";
import { readSong } from "./song_card.js";
import { SongCommands } from "./song_commands.js";
import { SongGrid } from "./song_grid.js";
import { changesOf, SongGraph } from "./song_history.js";
import { branchesOf, commentsOf, headOf, membersOf, refreshCountdowns, turnOf, votesOf } from "./song_lists.js";
import { SongMixer } from "./song_mixer.js";

const PINNED_LINE = 6;
const MAX_KNOWN = 24;

export class SongView {
  #card = null; // the message
  #song = null;
  #songs = new Map(); // address of a picture -> promise of its song
  #asked = 0; // the newest look at pins or a card; older ones are of no use
  #player = null;
  #isOpen = true;
  #isWanted = true; // beside the chat, until somebody folds it away

  /** `page`: {store, interactions, composer, complain}. */
  constructor(page) {
    this.page = page;
    this.commands = new SongCommands({ store: page.store, interactions: page.interactions, composer: page.composer, showChat: () => this.#isNarrow() && this.#show(false) });
    this.grid = new SongGrid({ onPlay: (bar) => this.#playFrom(bar), onSelect: (chosen) => this.#showChosen(chosen) });
    this.mixer = new SongMixer({ commands: this.commands, run: (promise) => this.#run(promise) });
    this.graph = new SongGraph({ onCompare: (first, second) => this.#compare(first, second) });
    this.toggle = el("button", { type: "button", class: "song-tab", hidden: true, "aria-expanded": "true", "aria-controls": "song", testid: "song-toggle", onclick: () => this.#turn(!this.#isOpen) }, icon("score", 16), "Song");
    this.note = el("p", { class: "song-note is-status", role: "status", testid: "song-note" });
    this.chosen = el("p", { class: "song-note", "aria-live": "polite", testid: "song-chosen" });
    this.buttons = el("div", { class: "song-buttons", role: "toolbar", "aria-label": "The song", testid: "song-buttons" });
    this.sound = el("div", { class: "song-sound" });
    [this.head, this.turn, this.changes, this.votes, this.comments, this.branches] = ["head", "turn", "changes", "votes", "comments", "branches"].map((part) => el("div", { class: `song-part song-part-${part}` }));
    this.desk = el("section", { class: "song-section" }, el("h3", { text: "Mixer" }), this.mixer.node);
    this.back = el("button", { type: "button", class: "song-tab song-back", testid: "song-back", onclick: () => this.#turn(false) }, icon("left", 16), "Chat");
    this.node = el("aside", { class: "song", id: "song", hidden: true, "aria-labelledby": "song-title", testid: "song" }, this.back, this.head, this.turn, this.buttons, this.note, this.sound, this.grid.node, this.chosen, this.changes, this.desk, this.votes, this.comments, this.branches, this.graph.node);
    this.#wire();
  }

  #wire() {
    const { store } = this.page;
    store.on("select", () => this.#close());
    store.on("messages", ({ channelId, isOlder }) => channelId === store.currentId && !isOlder && this.#lookAtPins());
    store.on("message", ({ channelId, message }) => channelId === store.currentId && this.#hear(message));
    store.on("drop", ({ messageId }) => messageId === this.#card?.id && this.#lookAtPins());
    store.on("commands", () => this.#song && this.#draw());
    setInterval(() => refreshCountdowns(this.node), 1000);
  }

  // Which card

  #hear(message) {
    if (message.type === PINNED_LINE || (message.id === this.#card?.id && !message.pinned)) this.#lookAtPins();
    else if (message.pinned && this.#isByBot(message)) this.#take([message]);
  }

  #isByBot = (message) => this.page.store.person(message.author).bot;

  #lookAtPins() {
    const { store } = this.page;
    const channelId = store.currentId;
    readPins(channelId, store.me.id)
      .then(({ messages }) => channelId === store.currentId && this.#take(messages.filter(this.#isByBot), { isAll: true }))
      .catch(() => {}); // without pins there is no song; the log itself says that the server is away
  }

  async #take(messages, { isAll = false } = {}) {
    this.#asked += 1;
    const asked = this.#asked;
    for (const message of messages) {
      for (const url of picturesOf(message)) {
        const song = await this.#read(url);
        if (asked !== this.#asked) return;
        if (!song) continue;
        this.#card = message;
        this.#song = song;
        this.#draw();
        return;
      }
    }
    if (isAll || messages.some(({ id }) => id === this.#card?.id)) this.#close();
  }

  #read(url) {
    if (!this.#songs.has(url)) this.#songs.set(url, readSong(url));
    if (this.#songs.size > MAX_KNOWN) this.#songs.delete(this.#songs.keys().next().value);
    return this.#songs.get(url);
  }

  // Drawing

  #close() {
    this.#asked += 1;
    this.#card = this.#song = null;
    this.#player?.pause();
    this.#player = null;
    this.sound.replaceChildren();
    this.note.textContent = "";
    this.node.hidden = this.toggle.hidden = true;
    document.body.classList.remove("has-song", "shows-song");
  }

  #isNarrow = () => !matchMedia("(min-width: 1100px)").matches;

  #turn(isOpen) {
    if (!this.#isNarrow()) this.#isWanted = isOpen;
    this.#show(isOpen);
    if (isOpen && this.#isNarrow()) this.back.focus();
  }

  #show(isOpen) {
    this.#isOpen = isOpen;
    document.body.classList.toggle("shows-song", isOpen);
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen && this.node.contains(document.activeElement)) this.toggle.focus();
  }

  #draw() {
    const song = this.#song;
    const { store } = this.page;
    const isNew = this.node.hidden;
    const me = store.me?.name;
    const put = (part, ...nodes) => part.replaceChildren(...nodes.flat().filter(Boolean));
    put(this.head, headOf(song), membersOf(song, me));
    put(this.turn, turnOf(song, me));
    put(this.changes, changesOf(song));
    put(this.votes, votesOf(song));
    put(this.comments, commentsOf(song));
    put(this.branches, branchesOf(song));
    this.#drawButtons();
    this.#drawSound();
    this.grid.draw(song);
    this.mixer.draw(song);
    this.desk.hidden = !song.layers.length;
    this.graph.draw(song);
    this.#showTime();
    if (!isNew) return;
    this.node.hidden = this.toggle.hidden = false;
    document.body.classList.add("has-song");
    this.#show(!this.#isNarrow() && this.#isWanted);
    this.#showChosen(null);
  }

  #drawButtons() {
    const { commands } = this;
    const song = this.#song;
    const me = this.page.store.me?.name;
    const isMine = song.turn?.who === me;
    const bars = () => this.grid.chosen ?? { layer: null, first: null, last: null };
    const known = () => (bars().first ? { layer: bars().layer, bars: bars() } : {});
    const send = (wish, what = () => ({})) => () => this.#run(commands.send(wish, what(), { song: this.#song }));
    const write = (wish, ask, what = () => ({})) => () => commands.write(wish, what(), { song: this.#song, ask });
    const all = [
      ["comment", "Comment", "forum", write("comment", ["text", "comment", "words"], known), true],
      ["claim", "Claim", "pin", send("claim", known), true],
      isMine ? ["done", "Done", "send", send("done")] : ["play", "My turn", "reply", send("play")],
      ["branch", "Branch", "branch", write("branch", ["name", "branch"])],
      ["merge", "Merge", "swap", write("merge", ["branch", "from", "other", "name"])],
      ["undo", "Undo", "reply", send("undo")],
    ];
    const focused = this.buttons.contains(document.activeElement) ? document.activeElement.dataset.wish : null;
    this.buttons.replaceChildren(
      ...all.map(([wish, label, sign, run, needsBars]) => {
        const canRun = Boolean(commands.find(wish));
        const title = canRun ? (needsBars ? `${label} at the chosen bars` : label) : "This bot has no command for that.";
        return el("button", { type: "button", class: "button button-secondary song-button", disabled: !canRun, title, "data-wish": wish, testid: `song-${wish}`, onclick: run }, icon(sign, 15), label);
      }),
    );
    if (focused) this.buttons.querySelector(`[data-wish="${focused}"]`)?.focus();
  }

  #showChosen(chosen) {
    const bars = chosen && (chosen.first === chosen.last ? `Bar ${chosen.first}` : `Bars ${chosen.first} to ${chosen.last}`);
    this.chosen.textContent = chosen ? `${bars} of ${chosen.layer?.name ?? "the song"} chosen` : "Press a bar’s number to hear the song from there; choose bars to comment on or claim them.";
  }

  // Sound: the card's own, which the bot has made with the layers as they are set

  #drawSound() {
    const attachment = this.#card.attachments.find((each) => kindOf(each) === "audio");
    if (attachment?.url === this.#player?.attachment.url) return;
    const before = this.#player;
    if (!attachment && before?.isPlaying) {
      this.note.textContent = "What sounds is the state before; the new sound is being made.";
      return;
    }
    const seconds = before?.isPlaying ? before.seconds : null;
    before?.pause();
    this.#player = null;
    this.sound.replaceChildren();
    if (!attachment) return;
    const card = audioPlayer(attachment, { title: "the song" });
    this.#player = playerOf(card);
    this.sound.append(card);
    for (const name of ["play", "seeked", "pause"]) this.#player.audio.addEventListener(name, () => this.#showTime());
    if (seconds !== null) {
      this.note.textContent = "";
      this.#player.playFrom(seconds);
    }
  }

  #playFrom(bar) {
    if (!this.#player) this.note.textContent = "The card has no sound yet.";
    else this.#player.playFrom(this.#song.bars[bar].startSeconds);
  }

  #showTime = () => {
    const player = this.#player;
    if (!this.#song) return;
    this.grid.showTime(player && (player.isPlaying || player.seconds > 0) ? player.seconds : null, player?.length);
    if (player?.isPlaying) this.#follow();
  };

  #isFollowing = false;
  #follow() {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    requestAnimationFrame(() => {
      this.#isFollowing = false;
      this.#showTime();
    });
  }

  // Commands

  async #run(promise) {
    this.note.textContent = "…";
    const problem = await promise;
    this.note.textContent = problem ?? "";
    return problem;
  }

  #compare(first, second) {
    const entry = this.commands.find("compare");
    const names = entry?.options.slice(0, 2) ?? [];
    const typed = ({ type }, id) => (type === 3 ? `#${id}` : id);
    const extra = names.length === 2 ? { [names[0].name]: typed(names[0], first), [names[1].name]: typed(names[1], second) } : {};
    this.#run(this.commands.send("compare", {}, { song: this.#song, extra }));
  }
}

// The pictures of a message: its files, and what its embeds show.
function picturesOf({ attachments = [], embeds = [] }) {
  const files = attachments.filter((each) => kindOf(each) === "image").map(({ url }) => url);
  const shown = embeds.map((embed) => embed.image?.url).filter(Boolean);
  return [...new Set([...shown, ...files])].filter((url) => /\.png$/iu.test(url));
}
