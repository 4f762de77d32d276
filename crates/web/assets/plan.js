// A plan: where it stands, what is destroyed, and its steps by phase and wave.

import { count, element, reconcile, setAttribute, setText } from "/assets/dom.js";
import { badge, setBadge } from "/assets/status.js";

const INTRODUCTIONS = {
  Proposed: "What a sync would do now. Nobody has asked for it.",
  Refused: "This plan is not followed.",
  Running: "This plan is being followed.",
  Ended: "This plan was followed last.",
};

/** A plan as a view: `root` to show, `show(plan)` to update; `null` for none. */
export function planView() {
  const state = badge("Plan");
  const introduction = element("p");
  const facts = element("p", { class: "identity" });
  const blocked = element("p", { class: "problem", role: "status" });
  const destroyedHeading = element("h3", {}, "What is destroyed");
  const destroyed = element("ul", { class: "changes" });
  const groups = element("ol", { class: "plan" });
  const root = element("section", { "aria-labelledby": "plan" },
    element("h2", { id: "plan" }, "Plan"), element("p", {}, state), introduction, facts, blocked,
    destroyedHeading, destroyed, groups);
  return {
    root,
    show(plan) {
      root.hidden = !plan;
      if (!plan) return;
      setBadge(state, plan.state);
      setText(introduction, INTRODUCTIONS[plan.state] ?? "");
      const { create, change, delete: deleted, hooks } = plan.counts;
      const numbers = `${create} to create, ${change} to change, ${deleted} to delete, ${count(hooks, "hook")} to run`;
      setText(facts, [numbers, plan.revision && `revision ${plan.revision.slice(0, 12)}`, `plan ${plan.digest}`].filter(Boolean).join(" · "));
      setText(blocked, plan.blocked);
      blocked.hidden = !plan.blocked;
      destroyedHeading.hidden = destroyed.hidden = plan.destroyed.length === 0;
      reconcile(destroyed, plan.destroyed, (text) => text, () => element("li"), setText);
      reconcile(groups, plan.groups.map((group, at) => ({ ...group, at })), (group) => String(group.at), groupItem, showGroup);
    },
  };
}

function groupItem() {
  return element("li", {}, element("h3"), element("ol", { class: "steps" }));
}

function showGroup(item, group) {
  const wave = group.wave === 0 ? "" : `, wave ${group.wave}`;
  setText(item.firstElementChild, `${group.phase}${wave}: ${count(group.steps.length, "step")}`);
  reconcile(item.lastElementChild, group.steps.map((step, at) => ({ ...step, at })), (step) => String(step.at), stepItem, showStep);
}

function stepItem() {
  return element("li", {}, element("strong"), element("code"), element("span"),
    element("span", { class: "message" }), element("ul", { class: "changes" }));
}

function showStep(item, step) {
  const [action, object, why, message, changes] = item.children;
  setAttribute(item, "data-state", step.state);
  setText(action, `${step.action} `);
  setText(object, step.object);
  setText(why, ` ${[step.why, step.origin].filter(Boolean).join(", ")}`);
  setText(message, ` ${[step.state, step.message].filter(Boolean).join(": ")}`);
  changes.hidden = step.changes.length === 0;
  reconcile(changes, step.changes.map((text, at) => ({ text, at })), (change) => String(change.at),
    () => element("li", {}, element("code")), (line, change) => setText(line.firstElementChild, change.text));
}
