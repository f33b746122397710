// Asks the browser for passkeys. An input with data-passkey ("get" or "create") is filled with the answer when its form is sent, by the
// button with data-passkey-button where there are others; what to ask for is where the form goes, followed by /options. What passkeys are
// needed for is shown where there are any.
"use strict";

{
  const supported = "parseCreationOptionsFromJSON" in (window.PublicKeyCredential ?? {});
  const named = !/^[\d.]+$|:/.test(location.hostname); // an address made of numbers has no passkeys
  const renewAfter = 4 * 60_000; // a challenge lives for five minutes

  let suggesting; // aborts the request that waits among the suggestions of the name field
  let suggestedAt = 0;

  const buttonOf = (input) => input.form.querySelector("[data-passkey-button]");

  const ask = async (input, more) => {
    const target = buttonOf(input)?.formAction ?? input.form.action;
    const response = await fetch(`${target}/options`, { method: "POST", body: new URLSearchParams() });
    if (!response.ok || response.redirected) throw new Error(`${response.status}`);
    const options = await response.json();
    const credential = input.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), ...more })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...more });
    return JSON.stringify(credential);
  };

  const send = (input, answer, submitter) => {
    input.value = answer;
    input.form.requestSubmit(submitter);
  };

  const tell = (form, error) => {
    const problem = form.querySelector("[data-passkey-problem]");
    const words = problem.dataset;
    problem.textContent = { NotAllowedError: words.dismissed, AbortError: words.dismissed, InvalidStateError: words.known }[error.name] ?? words.failed;
    problem.hidden = false;
  };

  // Browsers offer passkeys in the name field. Whoever leaves the page open finds a challenge that is still good.
  const suggest = async (input) => {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    suggesting?.abort();
    suggesting = new AbortController();
    suggestedAt = Date.now();
    try {
      send(input, await ask(input, { mediation: "conditional", signal: suggesting.signal }), buttonOf(input));
    } catch {
      // Nobody asked for it, so nobody is told: the button is still there.
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

  // Devices forget what was removed here. Those that cannot be told go on offering it, and it is refused.
  const accepted = document.querySelector("[data-passkeys-accepted]");
  if (accepted && supported) PublicKeyCredential.signalAllAcceptedCredentials?.(JSON.parse(accepted.dataset.passkeysAccepted)).catch(() => {});

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
}
