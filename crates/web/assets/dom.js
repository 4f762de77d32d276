// Building and updating the page. Text from outside goes through textContent and dataset only.

/** Makes an element. Attributes whose value is null are left out; children are elements or texts. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** "1 app", "2 apps". */
export function count(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Sets text if it differs, so that a screen reader or a selection is not disturbed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets or removes an attribute if it differs. */
export function setAttribute(node, name, value) {
  if (value === null || value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/**
 * Makes the parent's children stand for the items, one each, keeping elements whose key stays. What keeps its
 * place is not touched, so focus and scrolling stay where they are.
 */
export function reconcile(parent, items, keyOf, make, update) {
  const wanted = new Set(items.map(keyOf));
  const before = new Map();
  for (const child of parent.children) before.set(child.dataset.key, child);
  const focused = document.activeElement;
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = before.get(key);
    if (child) {
      before.delete(key);
    } else {
      child = make(item);
      child.dataset.key = key;
    }
    update(child, item);
    // Skip what is about to go, rather than move everything that follows it.
    while (next && next !== child && !wanted.has(next.dataset.key)) {
      const gone = next;
      next = next.nextElementSibling;
      before.delete(gone.dataset.key);
      gone.remove();
    }
    if (next === child) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  for (const gone of before.values()) gone.remove();
  if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
}
