// What could be typed next in the composer: commands, options, choices, people. Pure, like command_line.js.
// A suggestion is {kind, label, description?, note?, replace: {start, stop, text}, option?}.

import { checkLine, fitsChannel, OPTION, rangeText } from "./command_line.js";

const MAX_SHOWN = 25;

/** Suggestions for the name being typed. */
export function suggestCommands(text, query, entries) {
  const score = ({ name }) => (name.startsWith(query) ? 0 : name.split(" ").some((word) => word.startsWith(query)) ? 1 : name.includes(query) ? 2 : 3);
  return entries
    .map((entry) => ({ entry, rank: score(entry) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .map(({ entry }) => ({
      kind: "command",
      label: `/${entry.name}`,
      description: entry.description,
      note: entry.options.filter(({ required }) => required).map(({ name }) => name).join(" "),
      replace: { start: 0, stop: text.length, text: `/${entry.name} ` },
    }));
}

/**
 * Where the caret is in a line of options: {token, word, isDone}. `token` is the option whose value is being typed, or
 * null; `word` the last word before the caret with its start; `isDone` says that the value before it already stands.
 */
export function placeOf(line, text, caret, world) {
  const wordStart = text.slice(0, caret).search(/\S*$/u);
  const word = { start: wordStart, text: text.slice(wordStart, caret) };
  const token = line.tokens.filter(({ valueStart }) => valueStart <= caret).at(-1) ?? null;
  if (!token || caret > token.stop) return { token: null, word, isDone: true };
  const isNewWord = wordStart > token.valueStart;
  const before = { ...token, raw: text.slice(token.valueStart, wordStart).trim() };
  const stands = isNewWord && before.raw !== "" && !checkLine({ ...line, tokens: [before], stray: { raw: "" } }, world).problems.some(({ token: bad }) => bad);
  const isFree = token.option.type === OPTION.string && !token.option.choices?.length;
  const isPicked = world.picked.has(`${token.option.name}\n${before.raw.toLowerCase()}`);
  return { token, word, isDone: stands && (!isFree || isPicked), mayBeDone: stands };
}

/** Suggestions for the rest of a line of options. `offered`: choices the bot gave for the current option, or null. */
export function suggestOptions(line, text, caret, world, offered) {
  const place = placeOf(line, text, caret, world);
  if (place.token && !place.isDone) {
    const values = suggestValues(place.token, text, world, offered);
    const mayFollow = place.mayBeDone && (place.word.text || !values.length);
    return mayFollow ? [...values, ...optionNames(line, place.word, caret)] : values;
  }
  return optionNames(line, place.word, caret);
}

function optionNames(line, word, caret) {
  const used = new Set(line.tokens.map(({ option }) => option.name));
  const typed = word.text.toLowerCase();
  return line.entry.options
    .filter(({ name }) => !used.has(name) && name.startsWith(typed))
    .sort((a, b) => Number(b.required ?? false) - Number(a.required ?? false))
    .map((option) => ({
      kind: "option",
      option,
      label: option.name,
      description: option.description,
      note: option.required ? "required" : "",
      replace: { start: word.start, stop: caret, text: `${option.name}:` },
    }));
}

function suggestValues(token, text, world, offered) {
  const { option } = token;
  const typed = token.raw.toLowerCase();
  const replace = (value) => ({ start: token.valueStart, stop: token.stop, text: `${value} ` });
  const listed = (choices) =>
    choices
      .filter(({ name }) => name.toLowerCase().includes(typed))
      .sort((a, b) => Number(b.name.toLowerCase().startsWith(typed)) - Number(a.name.toLowerCase().startsWith(typed)))
      .slice(0, MAX_SHOWN)
      .map((choice) => ({ kind: "choice", option, label: choice.name, value: choice.value, replace: replace(choice.name) }));
  if (option.choices?.length) return listed(option.choices);
  if (option.autocomplete) return (offered ?? []).slice(0, MAX_SHOWN).map((choice) => ({ kind: "offered", option, label: choice.name, value: choice.value, replace: replace(choice.name) }));
  switch (option.type) {
    case OPTION.boolean:
      return listed([{ name: "True", value: true }, { name: "False", value: false }]);
    case OPTION.user:
      return listed(world.users.map((user) => ({ name: `@${user.name}`, value: user.id })));
    case OPTION.role:
      return listed(world.roles.map(asRole));
    case OPTION.mentionable:
      return listed([...world.users.map((user) => ({ name: `@${user.name}`, value: user.id })), ...world.roles.map(asRole)]);
    case OPTION.channel:
      return listed(world.channels.filter((channel) => fitsChannel(option, channel)).map((channel) => ({ name: `#${channel.name}`, value: channel.id })));
    case OPTION.attachment:
      return world.files.has(token.raw) ? [] : [{ kind: "file", option, label: "Choose a file…", description: "or drop one here, or paste it", replace: replace("") }];
    default:
      return [];
  }
}

const asRole = ({ id, name }) => ({ name: name.startsWith("@") ? name : `@${name}`, value: id });

/** What may be typed for an option, in a few words. */
export function describeOption(option) {
  if (option.choices?.length) return "one of the list";
  if (option.autocomplete) return "type, or choose from the list";
  const kinds = {
    [OPTION.string]: option.max_length ? `text, at most ${option.max_length} characters` : "text",
    [OPTION.integer]: `whole number${rangeText(option)}`,
    [OPTION.number]: `number${rangeText(option)}`,
    [OPTION.boolean]: "true or false",
    [OPTION.user]: "a person",
    [OPTION.channel]: "a channel",
    [OPTION.role]: "a role",
    [OPTION.mentionable]: "a person or a role",
    [OPTION.attachment]: "a file",
  };
  return kinds[option.type] ?? "";
}

/** People for an @ being typed in an ordinary message. */
export function suggestMentions(text, caret, users) {
  const at = /(?:^|\s)@([\p{L}\p{N}_.-]*)$/u.exec(text.slice(0, caret));
  if (!at) return [];
  const typed = at[1].toLowerCase();
  const start = caret - at[1].length - 1;
  return users
    .filter(({ name }) => name.toLowerCase().startsWith(typed))
    .slice(0, 8)
    .map((user) => ({ kind: "mention", label: `@${user.name}`, replace: { start, stop: caret, text: `@${user.name} ` } }));
}

/** "@Ana" becomes a mention, of a person or a role; longer names first, so that "@Ana Maria" is not taken for "@Ana". */
export function withMentions(text, people, roles = []) {
  let result = text;
  const named = [...people.map(({ id, name }) => ({ name, sign: `<@${id}>` })), ...roles.map(({ id, name }) => ({ name, sign: `<@&${id}>` }))];
  for (const { name, sign } of named.sort((a, b) => b.name.length - a.name.length)) {
    const literal = name.replace(/[\\^$*+?.()|[\]{}/-]/gu, "\\$&");
    result = result.replace(new RegExp(`(?<![\\p{L}\\p{N}@<])@${literal}(?![\\p{L}\\p{N}])`, "giu"), sign);
  }
  return result;
}
