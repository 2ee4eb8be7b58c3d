// Passkeys: the browser asks the device, the house checks what it signed.
"use strict";

async function send(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Mark": document.body.dataset.mark },
    body: JSON.stringify(body ?? {}),
  });
  return [answer.ok, await answer.json()];
}

function refuse(form, words) {
  const line = form.querySelector("[role=alert]");
  line.textContent = words || form.dataset.refused;
  line.hidden = false;
}

async function withDevice(form, ask) {
  try {
    const [fine, asked] = await send(form.dataset.options);
    if (!fine) return refuse(form, asked.detail);
    const credential = await ask(asked.options);
    const [kept, said] = await send(form.dataset.send, { challenge: asked.challenge, credential: credential.toJSON(), ...extra(form) });
    if (kept) location.assign(form.dataset.next ?? location.pathname);
    else refuse(form, said.problem ?? said.detail);
  } catch {
    refuse(form);
  }
}

const extra = (form) => {
  const name = form.querySelector("#passkey-name");
  return name ? { name: name.value } : {};
};

document.getElementById("make-passkey")?.addEventListener("submit", (event) => {
  event.preventDefault();
  withDevice(event.target, (options) =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));
});

document.getElementById("use-passkey")?.addEventListener("submit", (event) => {
  event.preventDefault();
  withDevice(event.target, (options) =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
});
