// Statuses as an icon and a word, so that colour is never all there is.

import { element, setText } from "/assets/dom.js";

const ICONS = {
  Synced: "✓", OutOfSync: "≠",
  Healthy: "♥", Progressing: "◔", Degraded: "✕", Suspended: "‖", Missing: "∅", Unknown: "?",
  Running: "◔", Succeeded: "✓", Failed: "✕", Error: "✕",
};

/** An empty badge; `what` says of what it is: "Sync", "Health". */
export function badge(what) {
  return element("span", { class: "badge", "data-what": what },
    element("span", { class: "unseen" }, `${what}: `),
    element("span", { class: "icon", "aria-hidden": "true" }),
    element("span", { class: "word" }));
}

/** Shows a status; none hides the badge. */
export function setBadge(node, status) {
  node.hidden = !status;
  if (node.dataset.status === status) return;
  node.dataset.status = status;
  const [, icon, word] = node.children;
  setText(icon, ICONS[status] ?? "•");
  setText(word, status === "OutOfSync" ? "Out of sync" : status);
}

/** Whether somebody should look at it. */
export function isProblem(thing) {
  return thing.sync === "OutOfSync" || ["Degraded", "Missing"].includes(thing.health) || thing.sync === "Unknown";
}
