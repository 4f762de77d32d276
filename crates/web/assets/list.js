// The list of apps.

import { count, element, reconcile, setText } from "/assets/dom.js";
import { badge, setBadge, isProblem } from "/assets/status.js";
import { appAddress } from "/assets/address.js";

/** The list as a view: `root` to show, `show(apps)` to update. */
export function listView() {
  const heading = element("h1", { tabindex: "-1" }, "Apps");
  const filter = element("input", {
    id: "filter", type: "search", autocomplete: "off", placeholder: "name, namespace, status, repository",
  });
  const problems = element("input", { id: "problems", type: "checkbox" });
  const found = element("p", { class: "found", role: "status" });
  const body = element("tbody");
  const columns = ["App", "Sync", "Health", "Objects", "Goes to", "From"];
  const table = element("table", { class: "apps", "aria-label": "Apps" },
    element("thead", {}, element("tr", {}, ...columns.map((c) => element("th", { scope: "col" }, c)))), body);
  const empty = element("p", { class: "empty" });
  const root = element("div", {},
    heading,
    element("form", { class: "tools", role: "search" },
      element("label", { for: "filter" }, "Filter"), filter,
      element("label", { class: "check" }, problems, " only what needs a look")),
    found, table, empty);
  let apps = [];

  root.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", draw);
  problems.addEventListener("change", draw);

  function draw() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = apps.filter((app) => {
      const text = [app.name, app.namespace, app.sync, app.health, app.repository, app.path, app.destination,
        app.message].join(" ").toLowerCase();
      return words.every((word) => text.includes(word)) && (!problems.checked || isProblem(app));
    });
    reconcile(body, shown, (app) => `${app.namespace}/${app.name}`, makeRow, updateRow);
    setText(found, apps.length === shown.length ? count(apps.length, "app") : `${shown.length} of ${count(apps.length, "app")}`);
    table.hidden = shown.length === 0;
    empty.hidden = shown.length > 0;
    setText(empty, apps.length
      ? "No app matches the filter."
      : "There are no apps yet. Create an Application in a namespace that this controller watches.");
  }

  return { root, heading, show(next) { apps = next; draw(); } };
}

function makeRow() {
  return element("tr", {},
    element("th", { scope: "row" }, element("a"), element("span", { class: "message" })),
    element("td", {}, badge("Sync")), element("td", {}, badge("Health")),
    element("td", { class: "number" }), element("td"), element("td", { class: "from" }));
}

function updateRow(row, app) {
  const [name, sync, health, objects, to, from] = row.children;
  const link = name.firstElementChild;
  setText(link, app.name);
  link.title = app.namespace;
  const address = appAddress(app.namespace, app.name);
  if (link.getAttribute("href") !== address) link.setAttribute("href", address);
  setText(name.lastElementChild, app.message);
  setBadge(sync.firstElementChild, app.sync);
  setBadge(health.firstElementChild, app.health);
  const { objects: all, outOfSync, unhealthy } = app.counts;
  const parts = [`${all}`];
  if (outOfSync) parts.push(`${outOfSync} out of sync`);
  if (unhealthy) parts.push(`${unhealthy} not well`);
  setText(objects, parts.join(", "));
  setText(to, app.destination);
  setText(from, [app.repository.replace(/^https?:\/\//, ""), app.path, app.revision.slice(0, 8)].filter(Boolean).join(" · "));
}
