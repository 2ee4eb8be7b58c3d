// The door. Tickets are checked here against the published key and kept here until the house has heard of them,
// so people are let in while the network is away. Each scan has a number of its own: sending it twice is harmless.
"use strict";

const door = document.getElementById("door");
const words = JSON.parse(door.dataset.words);
const outcomes = JSON.parse(door.dataset.outcomes);
const shelf = `asimati-door-${door.dataset.event}`;
const verdict = document.getElementById("verdict");
const scans = document.getElementById("scans");
const pending = document.getElementById("pending");

const read = () => JSON.parse(localStorage.getItem(shelf) ?? "[]");
const keep = (list) => {
  localStorage.setItem(shelf, JSON.stringify(list));
  pending.hidden = !list.length;
  pending.textContent = `${list.length} ${words.queued}`;
};

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const uuid = (raw) => [...raw].map((b) => b.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

// Whether we signed the ticket, and for this event; undefined where this browser cannot tell.
async function good(ticket) {
  let raw;
  try {
    raw = bytes(ticket);
  } catch {
    return "forged";
  }
  if (raw.length !== 98) return "forged";
  if (uuid(raw.slice(17, 33)) !== door.dataset.event) return "other";
  try {
    const key = await crypto.subtle.importKey("raw", bytes(JSON.parse(door.dataset.key).x), "Ed25519", false, ["verify"]);
    return (await crypto.subtle.verify("Ed25519", key, raw.slice(34), raw.slice(0, 34))) ? "good" : "forged";
  } catch {
    return undefined;
  }
}

function say(text, fine) {
  verdict.textContent = text;
  verdict.className = `verdict ${fine ? "good" : "bad"}`;
}

function note(scan, text) {
  const line = document.createElement("li");
  const reference = document.createElement("bdi");
  reference.textContent = scan.booking ?? `${scan.ticket.slice(0, 8)}…`;
  line.append(reference, ` ${text}`);
  scans.prepend(line);
}

let last = "";
async function show(ticket) {
  ticket = ticket.trim();
  if (!ticket || ticket === last) return;
  last = ticket;
  setTimeout(() => (last = ""), 3000);
  const scan = { ticket, nonce: crypto.randomUUID(), at: new Date().toISOString(), event: door.dataset.event };
  const found = await good(ticket);
  if (found === "forged" || found === "other") {
    say(words[found], false);
    note(scan, words[found]);
    return;
  }
  keep([...read(), scan]);
  if (!(await send())) {
    say(`${found === "good" ? `${words.good}. ` : ""}${words.waiting}`, found === "good");
  }
}

let sending = false;
async function send() {
  const list = read();
  if (!list.length || sending) return !list.length;
  sending = true;
  try {
    const batch = list.slice(0, 100);
    const answer = await fetch(door.dataset.scans, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Mark": document.body.dataset.mark },
      body: JSON.stringify({ items: batch }),
    });
    if (!answer.ok) return false;
    const said = (await answer.json()).items;
    for (const one of said) {
      const scan = batch.find((sent) => sent.nonce === one.nonce);
      const fine = one.outcome === "admitted";
      say(outcomes[one.outcome] ?? one.outcome, fine);
      note({ ...scan, booking: one.booking }, outcomes[one.outcome] ?? one.outcome);
    }
    const heard = new Set(said.map((one) => one.nonce));
    keep(read().filter((scan) => !heard.has(scan.nonce)));
    count();
    return true;
  } catch {
    return false;
  } finally {
    sending = false;
  }
}

async function count() {
  const answer = await fetch(door.dataset.countFrom).catch(() => null);
  if (!answer?.ok) return;
  const said = await answer.json();
  document.getElementById("inside").textContent = said.inside;
  document.getElementById("expected").textContent = said.expected;
  document.querySelector("[data-bar=inside]").setAttribute("width", said.expected ? (100 * said.inside) / said.expected : 0);
}

document.getElementById("by-hand").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = document.getElementById("ticket");
  show(field.value);
  field.value = "";
  field.focus();
});

// What the camera sees is read by our own reader in a worker: no picture leaves the tablet, and it is fetched with the
// page, so that a network lost later takes nothing away.
const reader = new Worker(door.dataset.reader);
const sheet = document.createElement("canvas");
function seen(video) {
  const small = Math.min(1, 800 / video.videoWidth);
  sheet.width = video.videoWidth * small;
  sheet.height = video.videoHeight * small;
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  pen.drawImage(video, 0, 0, sheet.width, sheet.height);
  const { data } = pen.getImageData(0, 0, sheet.width, sheet.height);
  return new Promise((told) => {
    reader.onmessage = (said) => told(said.data);
    reader.postMessage({ pixels: data.buffer, width: sheet.width, height: sheet.height }, [data.buffer]);
  });
}

document.getElementById("start").addEventListener("click", async (event) => {
  const video = document.getElementById("camera");
  const button = event.currentTarget;
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.hidden = false;
    button.hidden = true;
    await video.play();
  } catch {
    button.hidden = false;
    say(words.no_camera, false);
    return;
  }
  let looking = false;
  setInterval(async () => {
    if (looking || document.hidden || !video.videoWidth) return;
    looking = true;
    const code = await seen(video);
    looking = false;
    if (code) show(code);
  }, 250);
});

// The page was fetched before its keeper was there: what it is made of is put on the shelf now.
async function keepPage() {
  await navigator.serviceWorker.register(door.dataset.keeper);
  const parts = performance.getEntriesByType("resource").map((one) => new URL(one.name));
  const ours = parts.filter((one) => one.origin === location.origin && one.pathname.startsWith("/console/static/"));
  const shelf = await caches.open("asimati-door");
  await shelf.addAll([...new Set([location.pathname, door.dataset.reader, ...ours.map((one) => one.pathname + one.search)])]);
}
navigator.serviceWorker && keepPage().catch(() => {}); // without it the page works as long as it stays open

addEventListener("online", send);
setInterval(send, 5000);
setInterval(count, 10_000);
keep(read());
send();
count();
