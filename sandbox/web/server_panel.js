// The panel of who tries things out: roles and who has them, what the bot may do here, time, and what Discord refused.
// Knows the server's routes for it; what is true afterwards comes back over the store.

import * as api from "./api.js";
import { el, iconButton, openDialog } from "./dom.js";

const ROLE_PERMISSIONS = ["manage_guild", "manage_messages", "pin_messages", "manage_threads", "manage_channels", "administrator"];
const BOT_PERMISSIONS = ["pin_messages", "manage_threads", "view_channel", "send_messages", "send_messages_in_threads", "create_public_threads", "embed_links", "attach_files", "read_message_history", "add_reactions", "manage_messages"];
const EXTRA = new Set(["manage_messages", "manage_threads"]); // what the bot has only where it is given
const words = (name) => name[0].toUpperCase() + name.slice(1).replaceAll("_", " ");

/** Open the panel. `page`: {store, complain, say}. */
export function openServerPanel(page) {
  const { store } = page;
  const body = el("div", { class: "dialog-form panel" });
  const guarded = (action) => async (...given) => {
    await action(...given).catch(page.complain);
  };
  const draw = () => {
    const at = body.scrollTop;
    const focused = document.activeElement?.dataset?.panelKey;
    body.replaceChildren(membership(store, guarded), threadOf(store, guarded), membersOf(store, guarded), rolesOf(store, guarded), botPermissions(store, guarded), clock(page, guarded), refusals(guarded));
    body.scrollTop = at;
    if (focused) body.querySelector(`[data-panel-key="${CSS.escape(focused)}"]`)?.focus();
  };
  const dialog = el(
    "dialog",
    { class: "dialog is-wide", "aria-labelledby": "panel-title", testid: "server-panel" },
    el("header", { class: "dialog-head" }, el("h2", { id: "panel-title", text: "Server" }), iconButton("close", "Close", { onclick: () => dialog.close() })),
    body,
  );
  draw();
  const stop = ["people", "channels", "presence"].map((type) => store.on(type, draw));
  dialog.addEventListener("close", () => stop.forEach((off) => off()));
  openDialog(dialog);
}

const section = (title, text, ...inside) => el("section", { class: "panel-section" }, el("h3", { text: title }), text ? el("p", { class: "field-help", text }) : null, inside);
const action = (label, run, { key, style = "secondary" } = {}) => el("button", { type: "button", class: `button button-${style}`, "data-panel-key": key, text: label, onclick: run });

function membership({ bot }, guarded) {
  const move = guarded(() => api.moveBot(bot.is_member ? "remove" : "invite"));
  const text = bot.is_member ? `${bot.name} is in this server.` : `${bot.name} is not in this server.`;
  return section("The bot", text, action(bot.is_member ? `Remove ${bot.name} from the server` : `Invite ${bot.name}`, move, { key: "membership", style: bot.is_member ? "danger" : "primary" }));
}

// Who leaves and comes back; the tab of that person says so.
function membersOf({ users }, guarded) {
  const people = [...users.values()].filter(({ is_bot: isBot }) => !isBot);
  const line = ({ id, name, is_member: isMember }) => action(isMember === false ? `${name} comes back` : `${name} leaves`, guarded(() => api.moveMember(id, isMember === false ? "join" : "leave")), { key: `member-${id}` });
  return section("People", "Who leaves loses their roles and may do nothing here until they come back.", el("div", { class: "panel-line", role: "group", "aria-label": "Who is here" }, people.map(line)));
}

function threadOf({ channel, me }, guarded) {
  if (channel?.kind !== "thread") return null;
  const change = (changes) => guarded(() => api.changeThread(channel.id, me.id, changes));
  const { is_archived: isArchived, is_locked: isLocked } = channel;
  const lock = isArchived ? { archived: false, locked: !isLocked } : { locked: !isLocked };
  return section(
    "This thread",
    "An archived thread can be read; a new message wakes it, unless it is locked.",
    el("div", { class: "panel-line" }, action(isArchived ? "Wake it" : "Archive it", change({ archived: !isArchived }), { key: "archive" }), action(isLocked ? "Unlock it" : "Lock it", change(lock), { key: "lock" })),
  );
}

function check(label, isOn, run, key) {
  const box = el("input", { type: "checkbox", checked: isOn, "data-panel-key": key, onchange: (event) => run(event.target.checked) });
  return el("label", { class: "toggle" }, box, el("span", { text: label }));
}

function rolesOf({ roles, users, guild }, guarded) {
  const people = [...users.values()].filter(({ is_bot: isBot }) => !isBot);
  const own = [...roles.values()].filter(({ id }) => id !== guild.id);
  const input = el("input", { type: "text", id: "new-role", maxlength: 100, placeholder: "DJ", autocomplete: "off", "data-panel-key": "new-role" });
  const form = el("form", { class: "panel-line" }, el("label", { class: "visually-hidden", for: "new-role", text: "Name of a new role" }), input, el("button", { type: "submit", class: "button button-secondary", text: "Add role" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim()) guarded(() => api.makeRole({ name: input.value.trim() }))();
  });
  const owner = people.find(({ is_owner: isOwner }) => isOwner);
  return section("Roles", owner ? `${owner.name} owns the server and may do everything. Others have what everyone has, and what their roles give them.` : null, own.map((role) => roleBox(role, people, guarded)), form);
}

function roleBox(role, people, guarded) {
  const permit = (name) => (isOn) => guarded(() => api.changeRole(role.id, { permissions: isOn ? [...role.permissions, name] : role.permissions.filter((each) => each !== name) }))();
  const give = (user) => (isOn) => guarded(() => api.giveRole(role.id, user.id, isOn))();
  return el(
    "fieldset",
    { class: "panel-role", testid: "role" },
    el("legend", { text: role.name }),
    el("div", { class: "panel-checks", role: "group", "aria-label": `What ${role.name} may do` }, ROLE_PERMISSIONS.map((name) => check(words(name), role.permissions.includes(name), permit(name), `${role.id}-${name}`))),
    el("p", { class: "field-help", text: "Who has it" }),
    el("div", { class: "panel-checks", role: "group", "aria-label": `Who has ${role.name}` }, people.map((user) => check(user.name, user.role_ids.includes(role.id), give(user), `${role.id}-${user.id}`))),
    action("Delete role", guarded(() => api.removeRole(role.id)), { key: `${role.id}-delete`, style: "danger" }),
  );
}

function botPermissions({ channel, channels, bot }, guarded) {
  const place = channel?.parent_id ? channels.get(channel.parent_id) : channel;
  if (!place || place.kind === "dm") return null;
  const isAllowed = (name) => (EXTRA.has(name) ? place.bot_allow.includes(name) : !place.bot_deny.includes(name));
  const permit = (name) => (isOn) => {
    const without = (list) => list.filter((each) => each !== name);
    const isExtra = EXTRA.has(name);
    const allow = isExtra && isOn ? [...without(place.bot_allow), name] : without(place.bot_allow);
    const deny = !isExtra && !isOn ? [...without(place.bot_deny), name] : without(place.bot_deny);
    guarded(() => api.setPermissions(place.id, { allow, deny }))();
  };
  return section(`What ${bot.name} may do in #${place.name}`, null, el("div", { class: "panel-checks", role: "group", "aria-label": `What ${bot.name} may do here` }, BOT_PERMISSIONS.map((name) => check(words(name), isAllowed(name), permit(name), `bot-${name}`))));
}

function clock(page, guarded) {
  const move = (minutes) => guarded(async () => {
    await api.advanceClock(minutes * 60);
    page.say(`It is ${minutes} minutes later now.`);
  });
  return section("Time", "A command's answer can be edited for 15 minutes. Later, the bot has to find another way.", el("div", { class: "panel-line" }, action("15 minutes later", move(15), { key: "clock" })));
}

function refusals(guarded) {
  const list = el("ul", { class: "panel-refusals" });
  const read = guarded(async () => {
    const { faults } = await api.readFaults();
    const lines = faults.slice(-20).reverse().map(({ kind, method, path, text }) => el("li", {}, el("code", { text: [kind.replaceAll("_", " "), method, path].filter(Boolean).join(" ") }), ` ${text}`));
    list.replaceChildren(...(lines.length ? lines : [el("li", { text: "None so far." })]));
  });
  read();
  return section("What Discord would have refused", null, list, action("Read again", read, { key: "faults" }));
}
