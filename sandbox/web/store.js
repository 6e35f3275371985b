// What the page knows: people, channels, messages, commands. Views listen to it; it draws nothing and sends nothing.

const TYPING_MS = 8000; // Discord's clients forget a typing sign after this long

/** Ids are decimal strings of 64 bits: longer is newer, same length compares as text. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}

export class Store extends EventTarget {
  me = null;
  guild = { id: "", name: "" };
  bot = { id: "", name: "Tutti", online: false, is_member: true };
  limits = { attachment_size_limit: 10 * 1024 * 1024, max_files: 10, max_content_length: 2000 };
  users = new Map();
  roles = new Map();
  channels = new Map();
  commands = [];
  currentId = null;
  unread = new Set();
  #messages = new Map(); // channel id -> Map of message id -> message
  #typing = new Map(); // channel id -> Map of user id -> {user, timer}

  emit(type, detail = {}) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Listen; returns a function that ends it. */
  on(type, listener) {
    const hear = (event) => listener(event.detail);
    this.addEventListener(type, hear);
    return () => this.removeEventListener(type, hear);
  }

  /** Take over the server's whole state; messages are kept until their channel is read again. */
  setState(state) {
    this.guild = state.guild;
    this.bot = state.bot;
    this.limits = { ...this.limits, ...state.limits };
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.roles = new Map(state.roles.map((role) => [role.id, role]));
    this.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
    this.commands = state.commands;
    this.emit("channels");
    this.emit("people");
    this.emit("commands");
    this.emit("presence");
  }

  forgetMessages() {
    this.#messages.clear();
    this.#typing.clear();
  }

  get channel() {
    return this.channels.get(this.currentId) ?? null;
  }

  /** The author of a message as an object with `name` and `bot`, whoever sent it. */
  person(user) {
    const known = this.users.get(user.id) ?? user;
    const isBot = known.is_bot ?? known.bot ?? user.id === this.bot.id;
    return { id: user.id, name: known.name ?? known.username ?? "unknown", bot: isBot };
  }

  /** What mentions in text are called. */
  get names() {
    return {
      user: (id) => (id === this.bot.id ? this.bot.name : this.users.get(id)?.name),
      channel: (id) => this.channels.get(id)?.name,
      role: (id) => this.roles.get(id)?.name,
      command: (name) => this.commands.some((command) => command.type === 1 && command.name === name),
    };
  }

  /** Whether I have a permission in the server; `bits` are Discord's, as text. */
  may(bits) {
    const mine = BigInt(this.users.get(this.me?.id)?.permissions ?? 0);
    return (mine & BigInt(bits)) === BigInt(bits);
  }

  /** The commands that Discord would show me in the open channel. */
  get usableCommands() {
    const isDirect = this.channel?.kind === "dm";
    return this.commands.filter(({ default_member_permissions: needed, contexts, dm_permission: mayDirect, guild_id: guildId }) => {
      if (isDirect) return !guildId && mayDirect !== false && (!contexts || contexts.includes(1));
      if (contexts && !contexts.includes(0)) return false;
      return needed === null || needed === undefined || (needed === "0" ? this.may(8) : this.may(needed));
    });
  }

  /** Everybody who is in the server, the bot too. */
  get members() {
    return [...this.users.values()].filter((user) => user.is_member !== false);
  }

  select(channelId) {
    this.currentId = channelId;
    this.unread.delete(channelId);
    this.emit("select");
    this.emit("channels");
  }

  messagesOf(channelId) {
    return [...(this.#messages.get(channelId)?.values() ?? [])].sort((a, b) => compareIds(a.id, b.id));
  }

  message(channelId, messageId) {
    return this.#messages.get(channelId)?.get(messageId) ?? null;
  }

  isLoaded(channelId) {
    return this.#messages.has(channelId);
  }

  /** Messages read from the server: the newest page replaces what was known, an older page is added. */
  setMessages(channelId, messages, { isOlder = false } = {}) {
    const known = isOlder ? this.#messages.get(channelId) ?? new Map() : new Map();
    for (const message of messages) known.set(message.id, message);
    this.#messages.set(channelId, known);
    this.emit("messages", { channelId, isOlder });
  }

  putMessage(channelId, message, { isEdit = false } = {}) {
    const known = this.#messages.get(channelId);
    const isNew = !isEdit && !known?.has(message.id);
    // An edited message further up than has been read so far must not stand right above what has been.
    if (!isEdit || known?.has(message.id)) known?.set(message.id, message);
    if (isNew) this.#stopTyping(channelId, message.author.id);
    if (isNew && channelId !== this.currentId && message.author.id !== this.me?.id) {
      this.unread.add(channelId);
      this.emit("channels");
    }
    if (known) this.emit("message", { channelId, message, isNew });
  }

  dropMessage(channelId, messageId) {
    this.#messages.get(channelId)?.delete(messageId);
    this.emit("drop", { channelId, messageId });
  }

  typingIn(channelId) {
    return [...(this.#typing.get(channelId)?.values() ?? [])].map((entry) => entry.user);
  }

  #noteTyping(channelId, user) {
    if (user.id === this.me?.id) return;
    const here = this.#typing.get(channelId) ?? new Map();
    clearTimeout(here.get(user.id)?.timer);
    here.set(user.id, { user, timer: setTimeout(() => this.#stopTyping(channelId, user.id), TYPING_MS) });
    this.#typing.set(channelId, here);
    this.emit("typing", { channelId });
  }

  #stopTyping(channelId, userId) {
    const entry = this.#typing.get(channelId)?.get(userId);
    if (!entry) return;
    clearTimeout(entry.timer);
    this.#typing.get(channelId).delete(userId);
    this.emit("typing", { channelId });
  }

  #dropChannel(channelId) {
    for (const { id, parent_id: parent } of [...this.channels.values()]) {
      if (id !== channelId && parent !== channelId) continue;
      this.channels.delete(id);
      this.#messages.delete(id);
      this.unread.delete(id);
    }
    this.emit("channels");
    this.emit("gone");
  }

  /** Apply one event of the socket; returns false for those that are not about state. */
  apply(event) {
    switch (event.type) {
      case "message_create":
      case "message_update":
        this.putMessage(event.channel_id, event.message, { isEdit: event.type === "message_update" });
        return true;
      case "message_delete":
        this.dropMessage(event.channel_id, event.message_id);
        return true;
      case "typing":
        this.#noteTyping(event.channel_id, event.user);
        return true;
      case "commands_update":
        this.commands = event.commands;
        this.emit("commands");
        return true;
      case "bot_membership":
        this.bot = { ...this.bot, is_member: event.is_member };
        this.emit("presence");
        return true;
      case "roles_update":
        this.roles = new Map(event.roles.map((role) => [role.id, role]));
        this.users = new Map(event.users.map((user) => [user.id, user]));
        this.emit("people");
        this.emit("commands");
        return true;
      case "bot_presence":
        this.bot = { ...this.bot, online: event.online };
        this.emit("presence");
        return true;
      case "thread_create":
      case "channel_create":
      case "channel_update":
        this.channels.set(event.channel.id, event.channel);
        this.emit("channels");
        return true;
      case "channel_delete":
        this.#dropChannel(event.channel_id);
        return true;
      case "user_create":
      case "user_update":
        this.users.set(event.user.id, event.user);
        this.emit("people");
        this.emit("commands");
        return true;
      default:
        return false;
    }
  }
}
