// Keys for what a page offers: whatever bears `data-key` is pressed or focused by it, `data-step` is walked through.
// Never while somebody types. Everything works without this file.
"use strict";

(() => {
  const OFF = "safecue-keys-off";
  const TYPING = "input:not([type=checkbox], [type=radio], [type=submit], [type=button]), textarea, select, [contenteditable]";
  const FIELDS = "input, select, textarea";
  const offered = () => [...document.querySelectorAll("[data-key]")];
  const steps = () => [...document.querySelectorAll("[data-step]")];
  const words = (element) =>
    (element.getAttribute("aria-label") || element.textContent.trim() || element.labels?.[0]?.textContent || "").split(":")[0];
  let help;

  const isOff = () => localStorage.getItem(OFF) === "yes";

  function step(by) {
    const all = steps();
    if (!all.length) return;
    const here = all.findIndex((one) => one === document.activeElement || one.contains(document.activeElement));
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by))];
    next.focus();
    next.scrollIntoView({ block: "center" });
  }

  function within(summary) {
    const line = document.activeElement.closest("article[data-step]");
    const found = line?.querySelector(summary);
    if (!found) return;
    found.parentElement.open = !found.parentElement.open;
    if (found.parentElement.open) found.parentElement.querySelector("textarea")?.focus();
  }

  const ALWAYS = {
    "?": ["This list", () => showHelp()],
    j: ["Next conversation or message", () => step(1)],
    k: ["The one before", () => step(-1)],
    e: ["What was understood, of the message you are on", () => within(".machine > summary")],
    m: ["Note or tag, on the message you are on", () => within(".beside > details > summary")],
    Escape: ["Leave the box you type in", null],
  };

  function press(element) {
    if (element.matches(FIELDS)) return element.focus();
    if (!element.matches("summary")) return element.click();
    element.parentElement.open = !element.parentElement.open;
    const field = element.parentElement.querySelector("textarea, input:not([type=hidden]), button");
    (element.parentElement.open && field ? field : element).focus();
  }

  function entry(key, says) {
    const term = document.createElement("dt");
    term.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    return [term, Object.assign(document.createElement("dd"), { textContent: says })];
  }

  function showHelp() {
    if (help?.open) return help.close();
    help ||= document.body.appendChild(Object.assign(document.createElement("dialog"), { className: "keys" }));
    const title = Object.assign(document.createElement("h2"), { textContent: "Keys", id: "keys-title" });
    const list = document.createElement("dl");
    for (const [key, [says]] of Object.entries(ALWAYS)) list.append(...entry(key, says));
    for (const element of offered()) list.append(...entry(element.dataset.key, words(element)));
    const off = Object.assign(document.createElement("input"), { type: "checkbox", checked: isOff(), id: "keys-off" });
    off.addEventListener("change", () => localStorage.setItem(OFF, off.checked ? "yes" : "no"));
    const label = Object.assign(document.createElement("label"), { htmlFor: "keys-off", className: "inline", textContent: " No keys but this one" });
    const line = document.createElement("p");
    line.append(off, label);
    const close = Object.assign(document.createElement("button"), { textContent: "Close" });
    close.addEventListener("click", () => help.close());
    help.setAttribute("aria-labelledby", "keys-title");
    help.replaceChildren(title, list, line, close);
    help.showModal();
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.(TYPING);
    if (typing && event.key === "Escape") return typing.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (help?.open && event.key !== "?") return;
    if (isOff() && event.key !== "?") return;
    const element = offered().find((one) => one.dataset.key === event.key);
    const act = ALWAYS[event.key]?.[1];
    if (!element && !act) return;
    event.preventDefault();
    if (act) act();
    else press(element);
  });

  // A link to a message puts the focus on it, so that keys go on from there.
  if (location.hash.startsWith("#m-")) document.getElementById(location.hash.slice(1))?.focus({ preventScroll: true });
})();
