// Keeps the page of a door and what it is made of, so that it opens again while the network is away. What was fetched
// last is shown only when nothing can be fetched; what changes (scans, counts) is never kept.
"use strict";

const SHELF = "asimati-door";

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || pathname.endsWith("/count")) return;
  event.respondWith(fetched(event.request));
});

async function fetched(request) {
  const shelf = await caches.open(SHELF);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await shelf.put(request, answer.clone());
    return answer;
  } catch (away) {
    const kept = await shelf.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw away;
  }
}
