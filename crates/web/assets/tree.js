// The live resource tree: a flat list of rows with levels, which screen readers read as a tree.

import { count, element, reconcile, setAttribute, setText } from "/assets/dom.js";
import { badge, setBadge, isProblem } from "/assets/status.js";

/** So many objects are shown unfolded; in a larger tree only what leads to a problem is. */
const UNFOLDED = 120;

export function keyOf(node) {
  return [node.group, node.kind, node.namespace, node.name].join("/");
}

/** A tree as a view; `onSelect(node)` hears which object is looked at. */
export function treeView(onSelect) {
  const root = element("div", { role: "tree", class: "tree", "aria-label": "Resources" });
  const folded = new Map(); // what the reader decided, by key
  let tree = [];
  let rows = [];
  let selected = null;
  let match = () => true;
  let filtering = false;
  let large = false;

  function draw() {
    rows = [];
    for (const [at, node] of tree.entries()) collect(node, 1, at + 1, tree.length, "");
    if (!rows.some((row) => row.key === selected)) selected = rows[0]?.key ?? null;
    reconcile(root, rows, (row) => row.key, makeRow, updateRow);
    onSelect(rows.find((row) => row.key === selected)?.node ?? null);
  }

  function collect(node, level, position, size, above) {
    // One object may stand below two owners.
    const key = `${above}>${keyOf(node)}`;
    if (filtering && !anyBelow(node, match)) return;
    const children = node.children ?? [];
    const open = children.length > 0 && isOpen(key, node);
    rows.push({ key, node, level, position, size, open, leaf: children.length === 0, above });
    if (open) children.forEach((child, at) => collect(child, level + 1, at + 1, children.length, key));
  }

  function isOpen(key, node) {
    if (filtering) return true;
    if (folded.has(key)) return !folded.get(key);
    return !large || (node.children ?? []).some((child) => anyBelow(child, isProblem));
  }

  function updateRow(row, item) {
    const { node, level, position, size, open, leaf, key } = item;
    setAttribute(row, "aria-level", level);
    setAttribute(row, "aria-posinset", position);
    setAttribute(row, "aria-setsize", size);
    setAttribute(row, "aria-expanded", leaf ? null : open);
    setAttribute(row, "aria-selected", key === selected);
    setAttribute(row, "tabindex", key === selected ? 0 : -1);
    setAttribute(row, "data-level", Math.min(level, 12));
    row.item = item;
    const [arrow, kind, name, sync, health, message] = row.children;
    setText(arrow, leaf ? "" : open ? "▾" : "▸");
    setText(kind, node.kind);
    setText(name, node.name);
    setBadge(sync, node.sync);
    setBadge(health, node.health);
    setText(message, node.message || (node.changes.length ? `${count(node.changes.length, "field")} differ${node.changes.length === 1 ? "s" : ""}` : ""));
  }

  function select(key, focus) {
    if (!key) return;
    selected = key;
    for (const row of root.children) {
      const is = row.dataset.key === key;
      setAttribute(row, "aria-selected", is);
      setAttribute(row, "tabindex", is ? 0 : -1);
      if (is && focus) row.focus();
      if (is) onSelect(row.item.node);
    }
  }

  function fold(item, close) {
    folded.set(item.key, close);
    draw();
  }

  root.addEventListener("click", (event) => {
    const row = event.target.closest("[role=treeitem]");
    if (!row) return;
    select(row.item.key, true);
    if (event.target.classList.contains("arrow") && !row.item.leaf) fold(row.item, row.item.open);
  });

  root.addEventListener("keydown", (event) => {
    const at = rows.findIndex((row) => row.key === selected);
    const item = rows[at];
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = {
      ArrowDown: () => select(rows[Math.min(at + 1, rows.length - 1)].key, true),
      ArrowUp: () => select(rows[Math.max(at - 1, 0)].key, true),
      Home: () => select(rows[0].key, true),
      End: () => select(rows[rows.length - 1].key, true),
      ArrowRight: () => {
        if (!item.leaf && !item.open) fold(item, false);
        else if (item.open) select(rows[at + 1].key, true);
      },
      ArrowLeft: () => (item.open && !filtering ? fold(item, true) : select(item.above, true)),
      Enter: () => !item.leaf && fold(item, item.open),
      " ": () => !item.leaf && fold(item, item.open),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  });

  return {
    root,
    show(next) {
      tree = next;
      large = countAll(next) > UNFOLDED;
      draw();
    },
    filter(text, problemsOnly) {
      const words = text.toLowerCase().split(/\s+/).filter(Boolean);
      filtering = words.length > 0 || problemsOnly;
      match = (node) => {
        const all = [node.kind, node.group, node.namespace, node.name, node.sync, node.health, node.message].join(" ");
        return words.every((word) => all.toLowerCase().includes(word)) && (!problemsOnly || isProblem(node));
      };
      draw();
      return filtering ? rows.filter((row) => match(row.node)).length : null;
    },
  };
}

function makeRow() {
  return element("div", { role: "treeitem" },
    element("span", { class: "arrow", "aria-hidden": "true" }),
    element("span", { class: "kind" }), element("span", { class: "name" }),
    badge("Sync"), badge("Health"), element("span", { class: "message" }));
}

function anyBelow(node, test) {
  return test(node) || (node.children ?? []).some((child) => anyBelow(child, test));
}

/** What a node that is not well suffers from: the deepest one below it that says why. */
export function firstCause(node) {
  for (const child of node.children ?? []) {
    const cause = firstCause(child) ?? (isUnwell(child) && child.message ? child : null);
    if (cause) return cause;
  }
  return null;
}

function isUnwell(node) {
  return node.health !== "" && node.health !== "Healthy";
}

export function countAll(nodes) {
  return nodes.reduce((sum, node) => sum + 1 + countAll(node.children ?? []), 0);
}
