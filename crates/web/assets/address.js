// Which app the address names.

export function appAddress(namespace, name) {
  return `#/apps/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}

/** The app of an address as { namespace, name }; null for the list. */
export function readAddress(hash) {
  const parts = hash.split("/");
  if (parts[1] !== "apps" || parts.length !== 4) return null;
  try {
    return { namespace: decodeURIComponent(parts[2]), name: decodeURIComponent(parts[3]) };
  } catch {
    return null;
  }
}
