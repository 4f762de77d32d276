// One app: what it is, what is wrong, its tree, its operations.

import { count, element, reconcile, setAttribute, setText } from "/assets/dom.js";
import { planView } from "/assets/plan.js";
import { badge, setBadge } from "/assets/status.js";
import { countAll, firstCause, treeView } from "/assets/tree.js";

/** One app as a view: `root` to show, `show(page)` to update. */
export function appView(namespace, name) {
  const heading = element("h1", { tabindex: "-1" }, name);
  const sync = badge("Sync");
  const health = badge("Health");
  const message = element("p", { class: "message" });
  const facts = element("dl", { class: "facts" });
  const conditions = element("ul", { class: "conditions", "aria-label": "Conditions" });
  const filter = element("input", { id: "tree-filter", type: "search", autocomplete: "off", placeholder: "kind, name, status" });
  const problems = element("input", { type: "checkbox" });
  const found = element("p", { class: "found", role: "status" });
  const details = detailsView();
  const tree = treeView(details.show);
  const plan = planView();
  const operation = operationView();
  let objects = 0;

  const root = element("div", { class: "app" },
    element("nav", { "aria-label": "Breadcrumb" }, element("a", { href: "#/" }, "Apps"), ` / ${namespace}`),
    element("div", { class: "title" }, heading, sync, health),
    message, conditions, facts,
    element("section", { "aria-labelledby": "resources" },
      element("h2", { id: "resources" }, "Resources"),
      element("div", { class: "tools" },
        element("label", { for: "tree-filter" }, "Filter"), filter,
        element("label", { class: "check" }, problems, " only what needs a look"), found),
      element("div", { class: "split" }, tree.root, details.root)),
    plan.root, operation.root);

  function refilter() {
    const matches = tree.filter(filter.value, problems.checked);
    const all = count(objects, "resource");
    setText(found, matches === null ? all : matches === 0 ? `None of ${all} matches` : `${matches} of ${all}`);
  }
  filter.addEventListener("input", refilter);
  problems.addEventListener("change", refilter);

  return {
    root, heading,
    show(page) {
      const { summary } = page;
      setBadge(sync, summary.sync);
      setBadge(health, summary.health);
      setText(message, summary.message);
      message.hidden = !summary.message;
      showFacts(facts, summary);
      conditions.hidden = page.conditions.length === 0;
      reconcile(conditions, page.conditions, (c) => `${c.kind} ${c.message}`,
        () => element("li", {}, element("strong"), element("span")), (item, condition) => {
          setText(item.firstElementChild, condition.kind);
          setText(item.lastElementChild, ` ${condition.message}`);
        });
      objects = countAll(page.tree);
      tree.show(page.tree);
      refilter();
      plan.show(page.plan);
      operation.show(page);
    },
  };
}

function showFacts(list, summary) {
  const facts = [
    ["Repository", summary.repository], ["Path", summary.path], ["Revision", summary.revision],
    ["Goes to namespace", summary.destination],
  ];
  reconcile(list, facts.filter(([, value]) => value), ([term]) => term,
    ([term]) => element("div", {}, element("dt", {}, term), element("dd")),
    (row, [, value]) => {
      if (row.lastElementChild.textContent !== value) row.lastElementChild.replaceChildren(linked(value));
    });
}

/** Text, as a link if it is an http(s) address and nothing else. */
function linked(text) {
  let address = null;
  try {
    address = new URL(text);
  } catch {
    return document.createTextNode(text);
  }
  if (!["http:", "https:"].includes(address.protocol) || address.username || address.password) {
    return document.createTextNode(text);
  }
  return element("a", { href: address.href, rel: "noopener noreferrer", target: "_blank" }, text);
}

function detailsView() {
  const heading = element("h3");
  const identity = element("p", { class: "identity" });
  const sync = badge("Sync");
  const health = badge("Health");
  const why = element("p", { class: "why" });
  const changesHeading = element("h4", {}, "What differs");
  const changes = element("ul", { class: "changes" });
  const columns = columnsView();
  const root = element("aside", { class: "details", "aria-label": "Selected resource" },
    heading, identity, element("p", {}, sync, " ", health), why, changesHeading, changes, columns.root);
  return {
    root,
    show(node) {
      root.hidden = !node;
      if (!node) return;
      setText(heading, `${node.kind} ${node.name}`);
      setText(identity, [node.group || "core group", node.namespace && `namespace ${node.namespace}`].filter(Boolean).join(", "));
      setBadge(sync, node.sync);
      setBadge(health, node.health);
      const cause = node.health === "Healthy" ? null : firstCause(node);
      const below = cause ? `Caused by ${cause.kind} ${cause.name}: ${cause.message}` : "";
      setText(why, [node.message, below].filter(Boolean).join(" "));
      why.hidden = !why.textContent;
      changesHeading.hidden = node.changes.length === 0;
      reconcile(changes, node.changes.map((text, at) => ({ text, at })), (change) => String(change.at),
        () => element("li", {}, element("code")), (item, change) => setText(item.firstElementChild, change.text));
      columns.show(node.columns || []);
    },
  };
}

/** The live object's lines beside those after a write. */
function columnsView() {
  const body = element("tbody");
  const heads = ["Live", "After a write"].map((text) => element("th", { scope: "col", colspan: "2" }, text));
  const root = element("table", { class: "columns", "aria-label": "Side by side" },
    element("thead", {}, element("tr", {}, ...heads)), body);
  let shown = "";
  const side = (line) => [
    element("td", { class: "number" }, line ? String(line.number) : ""),
    element("td", {}, element("code", {}, line ? line.text : "")),
  ];
  const row = ({ kind, left, right }) => element("tr", { "data-kind": kind }, ...side(left), ...side(right));
  return {
    root,
    show(sections) {
      root.hidden = sections.length === 0;
      const now = JSON.stringify(sections);
      if (now === shown) return;
      shown = now;
      const gap = () => element("tr", { "data-kind": "gap" }, element("td", { colspan: "4" }, "…"));
      body.replaceChildren(...sections.flatMap(({ rows }, at) => [...(at ? [gap()] : []), ...rows.map(row)]));
    },
  };
}

function operationView() {
  const phase = badge("Last operation");
  const text = element("p");
  const results = element("ul", { class: "results" });
  const more = element("details", {}, element("summary"), results);
  const lastHeading = element("h3", {}, "Last sync");
  const pastHeading = element("h3", {}, "Deployed before");
  const history = element("tbody");
  const historyTable = element("table", { "aria-label": "History" },
    element("thead", {}, element("tr", {}, ...["Number", "Revision", "Deployed"].map((c) => element("th", { scope: "col" }, c)))),
    history);
  const none = element("p", {}, "Nothing was synced yet.");
  const root = element("section", { "aria-labelledby": "operations" },
    element("h2", { id: "operations" }, "Operations"), none, lastHeading, element("p", {}, phase), text, more,
    pastHeading, historyTable);
  return {
    root,
    show({ operation, history: past }) {
      none.hidden = Boolean(operation) || past.length > 0;
      setBadge(phase, operation?.phase ?? "");
      lastHeading.hidden = text.hidden = more.hidden = !operation;
      if (operation) {
        const { trigger, revision, startedAt, finishedAt, message } = operation;
        const when = finishedAt ? `from ${startedAt} to ${finishedAt}` : `since ${startedAt}`;
        setText(text, [trigger, revision.slice(0, 12), when, message].filter(Boolean).join(" · "));
        more.hidden = operation.results.length === 0;
        const failed = operation.results.filter((r) => r.status.endsWith("Failed")).length;
        setText(more.firstElementChild, `${count(operation.results.length, "object")}${failed ? `, ${failed} failed` : ""}`);
        reconcile(results, operation.results, (r) => r.object,
          () => element("li", {}, element("strong"), element("span")), (item, result) => {
            setAttribute(item, "data-status", result.status);
            setText(item.firstElementChild, `${result.status} `);
            setText(item.lastElementChild, [result.object, result.message].filter(Boolean).join(": "));
          });
      }
      pastHeading.hidden = historyTable.hidden = past.length === 0;
      reconcile(history, past, (entry) => String(entry.id),
        () => element("tr", {}, element("td", { class: "number" }), element("td", {}, element("code")), element("td")),
        (row, entry) => {
          setText(row.children[0], String(entry.id));
          setText(row.children[1].firstElementChild, entry.revision.slice(0, 12));
          setText(row.children[2], entry.deployedAt);
        });
    },
  };
}
