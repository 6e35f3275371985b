// What a person can do on the page, as requests to the server. Views call these; results come back over the store.

import * as api from "./api.js";
import { announce } from "./dom.js";
import { mayDelete, messageMenu, openMenu } from "./menus.js";
import { openModal } from "./modals.js";
import { showPending } from "./pending.js";
import { openPins } from "./pins.js";
import { askPost } from "./forum.js";
import { askChannel, askThreadName } from "./people.js";
import { openServerPanel } from "./server_panel.js";

/** Build the actions of a page: {store, interactions, log, composer, openChannel, complain, changeUser} filled in by app.js. */
export function makeActions(page) {
  const { store } = page;
  const here = () => ({ user_id: store.me.id, channel_id: store.currentId });
  const guarded = (action) => async (...given) => {
    try {
      return await action(...given);
    } catch (error) {
      page.complain(error);
      return null;
    }
  };

  const enter = async (channel) => {
    store.channels.set(channel.id, channel);
    await page.openChannel(channel.id);
  };

  /** Run an interaction with a line under the log; the message itself comes over the store. */
  const runWithPending = async (payload, files, { label, retry }) => {
    const pending = showPending(page.log.pending, { user: store.person(store.me), bot: store.person(store.bot), label, retry });
    try {
      const outcome = await page.interactions.run(payload, files);
      if (outcome.type === "interaction_failed") pending.fail(outcome.text || "The application did not respond");
      else pending.done();
    } catch (error) {
      if (error.name !== "ApiError") throw error;
      pending.fail(error.message);
    }
  };

  return {
    complain: page.complain,
    changeUser: () => page.changeUser(),
    focusComposer: () => page.composer.focus(),
    focusLastMessage: () => page.log.lastView()?.node.focus(),
    fill: (text) => page.composer.setText(`${text} `),
    reply: (message) => page.composer.setReply(message),
    open: guarded((channelId) => page.openChannel(channelId)),
    openDm: guarded(async () => enter(await api.openDm(store.me.id))),
    addChannel: guarded(async () => {
      const wish = await askChannel();
      if (wish) await enter(await api.makeChannel(wish.name, wish.kind));
    }),
    addThread: guarded(async (message) => {
      const name = await askThreadName();
      if (name) await enter(await api.makeThread({ user_id: store.me.id, channel_id: message.channel_id, message_id: message.id, name }));
    }),
    addPost: guarded(async (forum) => {
      const post = await askPost(forum, { store });
      if (post) await enter(post);
    }),
    pin: guarded((message, isPinned) => api.pinMessage(message.id, store.me.id, isPinned)),
    showPins: guarded(async (box) => {
      const { messages } = await api.readPins(store.currentId, store.me.id);
      openPins(messages, page, box);
    }),
    comeBack: guarded(() => api.moveMember(store.me.id, "join")),
    removeChannel: guarded((channel) => api.deleteChannel(channel.id, store.me.id)),
    openPanel: () => openServerPanel(page),

    menu: (view, box) => openMenu(messageMenu(view, page), { box, label: "Message menu", returnFocus: view.node }),
    copy: guarded(async (text, sentence) => {
      await navigator.clipboard.writeText(text).catch(() => {
        throw new Error("The browser did not allow copying.");
      });
      announce(sentence);
      page.say(sentence);
    }),
    remove: guarded((message) => (mayDelete(message, store) ? api.deleteMessage(message.id, store.me.id) : null)),
    react: guarded((message, emoji, isMine) => api.setReaction(message.id, store.me.id, emoji, isMine ? "DELETE" : "PUT")),
    jump: guarded(async (channelId, messageId) => {
      if (channelId !== store.currentId) await page.openChannel(channelId);
      if (!(await page.log.reveal(messageId))) page.say("That message is gone or too far back.");
    }),

    send: async ({ content, files, reply, restore }) => {
      try {
        await api.sendMessage(store.currentId, { user_id: store.me.id, content, ...(reply ? { reply_to: reply.id } : {}) }, files);
        page.log.toBottom();
      } catch (error) {
        restore();
        page.composer.complain(error.message);
      }
    },

    runCommand: ({ entry, options, files, text }) =>
      runWithPending({ ...here(), kind: "command", command: entry.command.id, path: entry.path, options }, files, {
        label: `/${entry.name}`,
        retry: files.length ? null : () => page.composer.setText(text),
      }),
    runMenu: (command, message) => runWithPending({ ...here(), kind: "message_menu", command: command.id, target_id: message.id }, [], { label: command.name, retry: null }),

    press: async (view, customId, values) => {
      view.fail("");
      const payload = { ...here(), channel_id: view.message.channel_id, kind: "component", message_id: view.message.id, custom_id: customId, ...(values ? { values } : {}) };
      try {
        const outcome = await page.interactions.run(payload);
        if (outcome.type === "interaction_failed") view.fail(outcome.text || "This interaction failed");
      } catch (error) {
        if (error.name !== "ApiError") throw error;
        view.fail(error.message);
      }
    },

    showModal: ({ interaction_id: modalId, modal }) =>
      openModal(modal, {
        store,
        submit: async (fields, files) => {
          try {
            const outcome = await page.interactions.run({ ...here(), kind: "modal", modal_id: modalId, fields }, files);
            return outcome.type === "interaction_failed" ? `${outcome.text || "Something went wrong"}. Try again.` : null;
          } catch (error) {
            if (error.name !== "ApiError") throw error;
            return error.message;
          }
        },
      }),
  };
}
