// Keys for those who work queues all day, counts that keep themselves up to date, a code that renews itself.
// Everything here adds to pages that work without it.
"use strict";

const rows = () => [...document.querySelectorAll("[data-row]")];
let at = -1;

function go(step) {
  const all = rows();
  if (!all.length) return;
  all[at]?.classList.remove("here");
  at = Math.min(Math.max(at + step, 0), all.length - 1);
  all[at].classList.add("here");
  (all[at].querySelector("[data-open]") ?? all[at]).focus();
  all[at].scrollIntoView({ block: "nearest" });
}

// Claim the case one stands on, and no other that was chosen.
function claim() {
  const box = rows()[at]?.querySelector("input[type=checkbox]");
  if (!box?.form) return;
  for (const one of rows()) one.querySelector("input[type=checkbox]").checked = false;
  box.checked = true;
  box.form.elements.move.value = "claim";
  box.form.requestSubmit();
}

const keys = {
  j: () => go(1),
  k: () => go(-1),
  o: () => rows()[at]?.querySelector("[data-open]")?.click(),
  x: () => rows()[at]?.querySelector("input[type=checkbox]")?.click(),
  c: claim,
  "/": () => document.querySelector('[data-key="/"]')?.focus(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
  const deed = keys[event.key];
  if (deed) {
    event.preventDefault();
    deed();
  }
});

// A form sent is not sent again by a second click; its key would make that harmless, but it looks undecided.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.defaultPrevented) return;
  setTimeout(() => event.target.querySelectorAll("button").forEach((button) => (button.disabled = true)));
});
addEventListener("pageshow", () => document.querySelectorAll("button").forEach((button) => (button.disabled = false)));

const source = document.body.dataset.counts;
async function count() {
  const shown = document.querySelectorAll("[data-count]");
  if (!shown.length || document.hidden) return;
  const doors = document.querySelector("[data-count=doors]") ? "?doors" : "";
  const answer = await fetch(source + doors, { headers: { "X-Unattended": "1" } }).catch(() => null);
  if (!answer?.ok) return;
  const counts = await answer.json();
  for (const one of shown) {
    const fresh = counts[one.dataset.count];
    if (fresh !== undefined) one.textContent = fresh.toLocaleString("en");
  }
  const most = Math.max(1, ...Object.values(counts));
  for (const bar of document.querySelectorAll("[data-bar]")) {
    const fresh = counts[bar.dataset.bar];
    if (fresh !== undefined) bar.setAttribute("width", (100 * fresh) / most);
  }
}
if (source) setInterval(count, 10_000);

// A screen that nobody touched for so long is shown to nobody: the house locks it, and asks for the password.
const idle = Number(document.body.dataset.idle ?? 0) * 1000;
let touched = Date.now();
for (const sign of ["pointerdown", "keydown", "scroll"]) {
  addEventListener(sign, () => (touched = Date.now()), { passive: true, capture: true });
}
if (idle) setInterval(() => Date.now() - touched > idle && location.reload(), 5_000);

// Whoever has signed out leaves nothing behind; scans that wait for a network are no page, and stay.
if (document.querySelector("[data-signed-out]")) window.caches?.delete("asimati-door");

const renew = document.querySelector("[data-reload-at]");
if (renew) setTimeout(() => location.reload(), Math.max(1000, new Date(renew.dataset.reloadAt) - Date.now() + 500));

// A text to begin an answer with: into both languages, as long as nobody has typed anything else there.
document.querySelectorAll("[data-reply]").forEach((choice) => {
  const words = { ar: "", en: "" };
  choice.addEventListener("change", () => {
    for (const language of ["ar", "en"]) {
      const field = document.getElementById(`${language}-${choice.dataset.reply}`);
      const text = choice.selectedOptions[0].dataset[language] ?? "";
      if (field.value.trim() === "" || field.value === words[language]) {
        field.value = words[language] = text;
        field.rows = Math.max(3, text.split("\n").length + 1);
      }
    }
  });
});
