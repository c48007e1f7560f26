/* Passkeys: a form that carries data-passkey gets a device's answer before it is sent. Without this script, or with the
   button named "proof", it is sent as it stands, and the password is the way. Nothing is decided here. */
(() => {
  "use strict";
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = async (form) => {
    const answer = await fetch(form.dataset.challenge, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      body: form.dataset.passkey === "get" ? JSON.stringify({ digest: form.elements.digest.value, revision: Number(form.elements.revision.value) }) : "{}",
    });
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(said.detail), { name: "Refused" });
    return said.publicKey;
  };
  const get = async (asked) => {
    const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: known(asked.allowCredentials) };
    const { rawId, type, response } = await navigator.credentials.get({ publicKey });
    return {
      id: text(rawId), rawId: text(rawId), type,
      response: {
        clientDataJSON: text(response.clientDataJSON),
        authenticatorData: text(response.authenticatorData),
        signature: text(response.signature),
      },
    };
  };
  const create = async (asked) => {
    const user = { ...asked.user, id: bytes(asked.user.id) };
    const publicKey = { ...asked, user, challenge: bytes(asked.challenge), excludeCredentials: known(asked.excludeCredentials) };
    const { rawId, type, response } = await navigator.credentials.create({ publicKey });
    return {
      id: text(rawId), rawId: text(rawId), type,
      response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject) },
    };
  };
  const WHY = {
    Refused: (error) => error.message,
    InvalidStateError: () => "This device holds a passkey of yours already. Choose another device.",
    NotAllowedError: () => "Your device gave no answer: it was called off, took too long, or has no passkey for this.",
  };
  const say = (form, words) => { form.querySelector("[data-says]").textContent = words; };

  const busy = new WeakSet();
  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!form.dataset.passkey || form.elements.passkey.value || (button && button.name === "proof")) return;
    event.preventDefault();
    if (busy.has(form)) return;
    busy.add(form);
    say(form, "");
    try {
      const asked = await ask(form);
      form.elements.passkey.value = JSON.stringify(await (form.dataset.passkey === "get" ? get(asked) : create(asked)));
      form.requestSubmit(button);  // busy from here on: one touch is sent once
      form.elements.passkey.value = "";
    } catch (error) {
      const why = WHY[error.name] || (() => "The passkey couldn't be used.");
      say(form, `${why(error)} ${form.dataset.instead}`);
      busy.delete(form);
    }
  });
})();
