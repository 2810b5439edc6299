// Fetches the parts of the page again while it is seen, and changes only what differs: what is
// read, typed, ticked or opened stays where it is. Without this script each page works as well.
"use strict";
(() => {
  const EVERY = 2000, PATIENCE = 8000;
  const light = document.getElementById("light");
  let paused = false, busy = false, away = 0, timer = 0, keysOff = false;
  try { keysOff = localStorage.getItem("keys") === "off"; } catch { /* not allowed */ }

  const parts = () => [...document.querySelectorAll("[data-live]")];
  const show = () => {
    if (!light) return;
    light.classList.toggle("off", paused || away > 0);
    light.textContent = away ? "Server is away since " + new Date(away).toLocaleTimeString()
      : paused ? "Paused" : "Live";
    light.title = paused ? "Select, or press “.”, to go on" : "Updated as things happen. Select, or press “.”, to pause";
    light.setAttribute("role", "button");
    light.setAttribute("aria-pressed", String(paused));
  };

  // A part waits while a text in it is selected, a menu is open, or a field is used.
  const isUsed = (part) => {
    const selection = getSelection();
    const isSelected = selection && !selection.isCollapsed && selection.rangeCount > 0
      && part.contains(selection.getRangeAt(0).commonAncestorContainer);
    const field = document.activeElement;
    const isTyped = field && part.contains(field) && /^(INPUT|SELECT|TEXTAREA)$/.test(field.tagName)
      && field.type !== "checkbox" && field.type !== "radio";
    return isSelected || isTyped || part.querySelector("details[open]") !== null;
  };

  const key = (node) => node.nodeType === 1 ? node.getAttribute("data-k") || node.id || "" : "";
  const isAlike = (old, next) => old.nodeType === next.nodeType && old.nodeName === next.nodeName && key(old) === key(next);

  const attributes = (old, next) => {
    for (const { name } of [...old.attributes]) {
      const isOfUser = name === "open" || name === "checked" || (name === "value" && old.nodeName === "INPUT");
      if (!isOfUser && !next.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of [...next.attributes]) {
      if (name === "checked" || (name === "value" && old.nodeName === "INPUT" && old.type !== "hidden")) continue;
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
  };

  const morph = (old, next) => {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
      return;
    }
    if (old.isEqualNode(next)) return;
    attributes(old, next);
    const isLog = old.id === "log";
    const isAtEnd = isLog && old.scrollHeight - old.scrollTop - old.clientHeight < 24;
    let at = old.firstChild;
    for (const wanted of [...next.childNodes]) {
      const of = key(wanted);
      let found = at;
      if (of) for (found = at; found && key(found) !== of;) found = found.nextSibling;
      if (found && isAlike(found, wanted)) {
        if (found !== at) old.insertBefore(found, at);
        morph(found, wanted);
        at = found.nextSibling;
      } else {
        old.insertBefore(document.importNode(wanted, true), at);
      }
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
    if (isAtEnd) old.scrollTop = old.scrollHeight;
  };

  const take = (text) => {
    const got = new DOMParser().parseFromString(text, "text/html");
    const title = got.querySelector("title");
    if (title) {
      document.title = title.textContent;
      const icon = document.querySelector("link[rel=icon]");
      const href = icon && icon.dataset[title.dataset.icon];
      if (href && icon.getAttribute("href") !== href) icon.href = href;
    }
    for (const part of parts()) {
      const next = got.getElementById(part.id);
      if (next && !isUsed(part)) morph(part, next);
    }
    count();
  };

  const look = async () => {
    clearTimeout(timer);
    const all = parts();
    if (paused || busy || document.hidden || all.length === 0) return;
    busy = true;
    const address = new URL(all[0].dataset.live, location.href);
    address.searchParams.set("fragment", all.map((part) => part.id).join(","));
    const stop = new AbortController(), limit = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetch(address, { signal: stop.signal, credentials: "same-origin", cache: "no-store" });
      if (answer.redirected || answer.status === 401 || answer.status === 403) { location.reload(); return; }
      if (answer.status >= 500) throw new Error(String(answer.status));
      if (answer.ok) take(await answer.text());
      away = 0;
    } catch {
      away = away || Date.now();
    } finally {
      clearTimeout(limit);
      busy = false;
      show();
      if (!paused && !document.hidden) timer = setTimeout(look, EVERY);
    }
  };

  const pause = () => { paused = !paused; show(); look(); };

  // How many boxes are ticked; a range by Shift.
  let last = null;
  const count = () => {
    for (const place of document.querySelectorAll("[data-count]")) {
      const form = place.closest("form");
      place.textContent = String(form.querySelectorAll("tbody input[type=checkbox]:checked").length);
    }
  };
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.type !== "checkbox" || !box.closest("tbody")) return;
    const all = [...box.closest("tbody").querySelectorAll("input[type=checkbox]")];
    if (event.shiftKey && last && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
      for (const other of all.slice(from, to + 1)) other.checked = box.checked;
    }
    last = box;
    count();
  });

  const help = "Keys: “/” search, “.” pause the live view, “?” this list. None acts on a job. Turn these keys off?";
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.target.isContentEditable) return;
    if (event.key === "?") {
      keysOff = confirm(help);
      try { localStorage.setItem("keys", keysOff ? "off" : "on"); } catch { /* not allowed */ }
    }
    if (keysOff) return;
    if (event.key === "/") {
      const field = document.querySelector("[data-key='/']");
      if (field) { event.preventDefault(); field.focus(); }
    }
    if (event.key === "." && light) pause();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  if (light) {
    light.addEventListener("click", (event) => { event.preventDefault(); pause(); });
    show();
    timer = setTimeout(look, EVERY);
  }
  const log = document.getElementById("log");
  if (log) log.scrollTop = log.scrollHeight;
  count();
})();
