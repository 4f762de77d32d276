// What is shown, and when it is asked for again.

import { followChanges, getApp, getApps, hasToken, keepToken } from "/assets/api.js";
import { appView } from "/assets/app.js";
import { listView } from "/assets/list.js";
import { readAddress } from "/assets/address.js";
import { element, setText } from "/assets/dom.js";

/** Between two questions for the same thing, however often it changes. */
const PAUSE = 250;

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const announcer = document.getElementById("announcer");
const list = listView();
const known = new Map(); // app → its last status, to announce changes
let view = list;
let shownApp = null;
let asking = false;
let askAgain = false;

function address() {
  return readAddress(location.hash);
}

function navigate() {
  shownApp = address();
  view = shownApp ? appView(shownApp.namespace, shownApp.name) : list;
  document.title = shownApp ? `${shownApp.name} – Tautline` : "Tautline";
  main.replaceChildren(view.root);
  refresh();
}

async function refresh() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  const [asked, app] = [view, shownApp];
  try {
    if (app) {
      const page = await getApp(app.namespace, app.name);
      if (asked === view) view.show(page);
      announce(page.summary);
    } else {
      const apps = await getApps();
      if (asked === view) view.show(apps);
      apps.forEach(announce);
    }
    problem(null);
  } catch (failure) {
    if (failure.status === 401) askForToken();
    else if (asked === view) problem(failure.status === 404 ? "There is no such app; it may have been deleted." : `The server does not answer: ${failure.message}`);
  }
  setTimeout(() => {
    asking = false;
    if (askAgain) {
      askAgain = false;
      refresh();
    }
  }, PAUSE);
}

function problem(text) {
  let shown = main.querySelector(":scope > .problem");
  if (!text) {
    shown?.remove();
    return;
  }
  if (!shown) {
    shown = element("p", { class: "problem", role: "alert" });
    main.prepend(shown);
  }
  setText(shown, text);
}

function announce(app) {
  const id = `${app.namespace}/${app.name}`;
  const status = `${app.sync === "OutOfSync" ? "out of sync" : app.sync}, ${app.health}`;
  const before = known.get(id);
  known.set(id, status);
  if (before && before !== status) setText(announcer, `${app.name} is now ${status}`);
}

function follow() {
  followChanges((changed) => {
    const ours = !shownApp || !changed || changed === `${shownApp.namespace}/${shownApp.name}`;
    if (ours) refresh();
  }, (state) => {
    connection.dataset.state = state;
    setText(connection, { live: "● Live", lost: "○ Connection lost, trying again…", token: "○ Token needed" }[state]);
  });
}

function askForToken() {
  if (main.querySelector("#token")) return;
  const input = element("input", { id: "token", type: "password", autocomplete: "off", required: "" });
  const wrong = hasToken() ? "That is not the token of this server." : "";
  const form = element("form", { class: "token" },
    element("h1", {}, "Token"), element("label", { for: "token" }, "This server asks for its token"), input,
    element("p", { role: "alert" }, wrong),
    element("button", {}, "Show apps"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(input.value.trim());
    navigate();
    follow();
  });
  main.replaceChildren(form);
  input.focus();
}

window.addEventListener("hashchange", () => {
  if (location.hash === "#main") return;
  navigate();
  view.heading.focus({ preventScroll: true });
  window.scrollTo(0, 0);
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
navigate();
follow();
