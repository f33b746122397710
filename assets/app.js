// Every page works without this file; it only makes some of them nicer. Nothing here sends or stores anything.
"use strict";

// The token of a mailed link leaves the address bar, and with it the history, screenshots and what is copied from there.
// The form still carries it.
if (document.querySelector('input[type="hidden"][name="token"]') && new URLSearchParams(location.search).has("token")) {
  history.replaceState(null, "", location.pathname);
}

// Some browsers pass over autofocus, for example where the address has a fragment. The others have set it by the first frame.
requestAnimationFrame(() => {
  if (document.activeElement === document.body) document.querySelector("[data-summary]")?.focus();
});

const reveal = (button) => {
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
  };
  button.addEventListener("click", () => show(input.type === "password"));
  // Sent as a password again, so that browsers do not remember it among the texts.
  input.form.addEventListener("submit", () => show(false));
  button.hidden = false;
};
const revealAll = () => document.querySelectorAll("[data-reveal][hidden]").forEach(reveal);
revealAll();
document.addEventListener("htmx:after:swap", revealAll);

// A form is sent once; its button says that it is under way. The button is not disabled, which would move the focus away.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || "download" in event.target.dataset) return; // a file comes and the page stays
  const button = event.submitter ?? event.target.querySelector('[type="submit"]');
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "true";
  button?.setAttribute("aria-busy", "true");
});

// Coming back by the browser's button shows the page as it was left: sending must be possible again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

// copy returns whether the text of an element is on the clipboard. Browsers have // feature:recovery_codes
// no clipboard without a secure connection, and may refuse it. The text stays // feature:recovery_codes
// selected then, for the user to copy. // feature:recovery_codes
const copy = async (element) => { // feature:recovery_codes
  try { // feature:recovery_codes
    await navigator.clipboard.writeText(element.innerText); // feature:recovery_codes
    return true; // feature:recovery_codes
  } catch { // feature:recovery_codes
    getSelection().selectAllChildren(element); // feature:recovery_codes
    return document.execCommand("copy"); // feature:recovery_codes
  } // feature:recovery_codes
}; // feature:recovery_codes

// What only a script can do has its button shown by the script. // feature:recovery_codes
for (const button of document.querySelectorAll("[data-copy], [data-print]")) { // feature:recovery_codes
  button.hidden = false; // feature:recovery_codes
  button.addEventListener("click", async () => { // feature:recovery_codes
    if ("print" in button.dataset) return print(); // feature:recovery_codes
    const copied = await copy(document.getElementById(button.dataset.copy)); // feature:recovery_codes
    button.textContent = copied ? "Copied" : "Selected. Copy with your keyboard or menu."; // feature:recovery_codes
  }); // feature:recovery_codes
} // feature:recovery_codes

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (menu !== except) menu.open = false;
  }
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("[data-menu]")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
