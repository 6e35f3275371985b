// The bot's commands that the song view presses for people: found by name in what the bot offers, filled and sent.
// What the bot does not offer cannot be pressed; what a person has to say in words goes into the message field.

import { entriesOf, OPTION } from "./command_line.js";

// Of each wish the names a command may have, and which of its options take what the view knows.
const WISHES = {
  mix: ["layer mix"],
  lock: ["layer lock"],
  unlock: ["layer unlock"],
  branch: ["branch new", "branch create"],
  switch: ["branch switch"],
  merge: ["branch merge", "song merge", "merge"],
  comment: ["comment add", "comment"],
  claim: ["turn claim", "claim"],
  release: ["turn release"],
  play: ["turn play", "turn join"],
  done: ["turn done"],
  undo: ["song undo", "undo"],
  compare: ["song compare", "compare"],
  vote: ["vote start"],
};
const OPTIONS = {
  layer: ["layer", "track"],
  mute: ["mute", "muted", "is_muted"],
  solo: ["solo", "is_solo"],
  lock: ["lock", "locked", "is_locked", "on"],
  levelDb: ["level_db", "level", "volume_db", "volume"],
  pan: ["pan"],
  bars: ["bars"],
  bar: ["bar", "at_bar"],
  firstBar: ["first_bar", "start_bar", "from_bar"],
  lastBar: ["last_bar", "stop_bar", "to_bar"],
  branch: ["branch", "name"],
};

export class SongCommands {
  /** `page`: {store, interactions, composer}. */
  constructor(page) {
    this.page = page;
  }

  /** The command for a wish, as entriesOf of command_line.js gives it, or null when the bot has none that I may use. */
  find(wish) {
    const entries = entriesOf(this.page.store.usableCommands);
    for (const name of WISHES[wish]) {
      const entry = entries.find((each) => each.name === name);
      if (entry) return entry;
    }
    return null;
  }

  /** The option of a wish's command that takes this, or null. */
  option(wish, what) {
    return optionOf(this.find(wish), what);
  }

  /** Do it with what is known, {layer, mute, bars: {first, last}, …}; resolves with a sentence when it failed, else null. */
  async send(wish, known, { song, extra = {} } = {}) {
    const entry = this.find(wish);
    if (!entry) return "This bot has no command for that.";
    const options = { ...valuesOf(entry, known, song), ...extra };
    const missing = entry.options.filter(({ name, required }) => required && !(name in options));
    if (missing.length) {
      this.#write(entry, options, missing[0].name);
      return null;
    }
    const { store, interactions } = this.page;
    const payload = { user_id: store.me.id, channel_id: store.currentId, kind: "command", command: entry.command.id, path: entry.path, options };
    try {
      const outcome = await interactions.run(payload);
      return outcome.type === "interaction_failed" ? outcome.text || "The application did not respond" : null;
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      return error.message;
    }
  }

  /** Put the command into the message field, filled as far as it is known, with the caret where words are wanted. */
  write(wish, known, { song, ask } = {}) {
    const entry = this.find(wish);
    if (!entry) return;
    const asked = entry.options.find(({ name }) => ask.includes(name)) ?? entry.options.find(({ required }) => required);
    const options = valuesOf(entry, known, song);
    delete options[asked?.name];
    this.#write(entry, options, asked?.name);
  }

  #write(entry, options, asked) {
    const given = Object.entries(options).map(([name, value]) => `${name}:${value}`);
    this.page.showChat?.();
    this.page.composer.setText([`/${entry.name}`, ...given, asked ? `${asked}:` : ""].join(" "));
  }
}

function optionOf(entry, what) {
  return entry?.options.find(({ name }) => OPTIONS[what].includes(name)) ?? null;
}

function valuesOf(entry, known, song) {
  const wanted = { ...known };
  if (known.bars) {
    const { first, last } = known.bars;
    Object.assign(wanted, { bars: first === last ? String(first) : `${first}-${last}`, bar: first, firstBar: first, lastBar: last });
  }
  const values = {};
  for (const [what, value] of Object.entries(wanted)) {
    const option = optionOf(entry, what);
    if (!option || value === null || value === undefined) continue;
    values[option.name] = what === "layer" ? layerValue(option, value, song) : asType(option, value);
  }
  return values;
}

function asType({ type, choices }, value) {
  if (choices?.length) return choices.find((choice) => String(choice.value) === String(value) || choice.name.toLowerCase() === String(value).toLowerCase())?.value ?? value;
  if (type === OPTION.integer) return Math.round(Number(value));
  if (type === OPTION.number) return Number(value);
  return type === OPTION.boolean ? Boolean(value) : String(value);
}

// People call a layer by its name; two of one name are told apart by their numbers.
function layerValue(option, layer, song) {
  if (option.type !== OPTION.string) return layer.number;
  const isAlone = song.layers.filter(({ name }) => name.toLowerCase() === layer.name.toLowerCase()).length === 1;
  return isAlone ? layer.name : String(layer.number);
}
