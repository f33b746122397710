// Asks the browser for passkeys. An input with data-passkey ("get" or "create")
// is filled with the answer when its form is sent, by the button with
// data-passkey-button where there are others. What to ask for is at the form's
// address followed by /options. Parts with data-passkey-shown are shown in
// browsers that have passkeys.
//
// Password managers replace navigator.credentials and answer with objects of
// their own. The browser's JSON helpers refuse those ("Illegal invocation"),
// and older browsers have no helpers, so this script reads and writes the JSON.
"use strict";

{
  const supported = "PublicKeyCredential" in window && "requestSubmit" in HTMLFormElement.prototype && typeof navigator.credentials?.get === "function";
  const named = !/^[\d.]+$|:/.test(location.hostname); // an address made of numbers has no passkeys
  const renewAfter = 4 * 60_000; // a challenge lives for five minutes

  let suggesting; // aborts the request that waits among the suggestions of the name field
  let suggestedAt = 0;

  const buttonOf = (input) => input.form.querySelector("[data-passkey-button]");

  // attempt returns what read returns, and undefined where the browser or an
  // extension throws.
  const attempt = (read) => {
    try {
      return read();
    } catch {
      return undefined;
    }
  };

  const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

  const encode = (data) => {
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  // fromJSON is parseCreationOptionsFromJSON and parseRequestOptionsFromJSON of
  // WebAuthn Level 3, 5.1.
  const fromJSON = (options) => {
    const decodeID = (entity) => ({ ...entity, id: decode(entity.id) });
    const parsed = { ...options, challenge: decode(options.challenge) };
    if (options.user) parsed.user = decodeID(options.user);
    for (const list of ["allowCredentials", "excludeCredentials"]) {
      if (options[list]) parsed[list] = options[list].map(decodeID);
    }
    return parsed;
  };

  // toJSON is PublicKeyCredential.toJSON of WebAuthn Level 3, 5.1, without what
  // the server doesn't read.
  const toJSON = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      const data = attempt(() => credential.response[name]);
      if (data) response[name] = encode(data);
    }
    const transports = attempt(() => credential.response.getTransports());
    if (transports) response.transports = [...transports];
    const id = encode(credential.rawId);
    return {
      id, rawId: id, type: "public-key", response,
      clientExtensionResults: {}, // the server asks for no extension
      authenticatorAttachment: attempt(() => credential.authenticatorAttachment) ?? undefined,
    };
  };

  // problem is an error whose name is the data attribute with the words for it.
  const problem = (name) => Object.assign(new Error(name), { name });

  const ask = async (input, more) => {
    const target = buttonOf(input)?.formAction ?? input.form.action;
    const response = await fetch(`${target}/options`, { method: "POST", body: new URLSearchParams() }).catch(() => null);
    if (!response) throw problem("offline");
    if (response.status === 429 || response.status === 503) throw problem("busy");
    if (!response.ok || response.redirected) throw problem("stale");
    const request = { publicKey: fromJSON(await response.json()), ...more };
    const credential = await navigator.credentials[input.dataset.passkey === "create" ? "create" : "get"](request);
    if (!credential) throw problem("dismissed");
    return JSON.stringify(toJSON(credential));
  };

  const send = (input, answer, submitter) => {
    input.value = answer;
    input.form.requestSubmit(submitter);
  };

  const names = { NotAllowedError: "dismissed", AbortError: "dismissed", InvalidStateError: "known", ConstraintError: "unfit", NotSupportedError: "unfit" };

  const tell = (form, error) => {
    const place = form.querySelector("[data-passkey-problem]");
    const name = error?.name; // extensions reject with anything
    place.textContent = place.dataset[names[name] ?? name] ?? place.dataset.failed;
    place.hidden = false;
  };

  // Browsers offer passkeys in the name field. A page that stays open gets a
  // new challenge before the old one ends.
  const suggest = async (input) => {
    try {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
      suggesting?.abort();
      suggesting = new AbortController();
      suggestedAt = Date.now();
      send(input, await ask(input, { mediation: "conditional", signal: suggesting.signal }), buttonOf(input));
    } catch {
      // The user asked for nothing, so nothing is said: the button is still
      // there.
    }
  };

  const answer = async (input, submitter) => {
    const form = input.form;
    if (form.dataset.asking) return;
    form.dataset.asking = "true";
    form.querySelector("[data-passkey-problem]").hidden = true;
    submitter?.setAttribute("aria-busy", "true");
    suggesting?.abort();
    try {
      send(input, await ask(input), submitter);
    } catch (error) {
      submitter?.removeAttribute("aria-busy");
      tell(form, error);
      if ("passkeyAutofill" in input.dataset) suggest(input);
    } finally {
      delete form.dataset.asking;
    }
  };

  const serve = (input) => {
    input.form.addEventListener("submit", (event) => {
      const button = buttonOf(input);
      const another = button ? event.submitter !== button : event.submitter?.name;
      if (input.value || another) return;
      event.preventDefault();
      answer(input, event.submitter);
    });
    addEventListener("pageshow", (event) => {
      if (event.persisted) input.value = "";
    });
    if (!("passkeyAutofill" in input.dataset) || !named) return;
    const renew = () => {
      if (!document.hidden && !input.form.dataset.asking && Date.now() - suggestedAt > renewAfter) suggest(input);
    };
    renew();
    setInterval(renew, 30_000);
    document.addEventListener("visibilitychange", renew);
  };

  const inputs = document.querySelectorAll("input[data-passkey]");
  if (supported) {
    inputs.forEach(serve);
    if (named) document.querySelectorAll("[data-passkey-shown]").forEach((part) => (part.hidden = false));
  } else {
    document.querySelectorAll("[data-passkey-missing]").forEach((words) => (words.hidden = false));
    for (const input of inputs) {
      if (!buttonOf(input)) input.form.querySelector('[type="submit"]:not([name])').hidden = true;
    }
  }

  // Devices delete what was removed here. Those that can't be told keep
  // offering it, and the server refuses it.
  const accepted = document.querySelector("[data-passkeys-accepted]");
  const forget = async () => PublicKeyCredential.signalAllAcceptedCredentials?.(JSON.parse(accepted.dataset.passkeysAccepted));
  if (accepted && supported) forget().catch(() => {});
}
