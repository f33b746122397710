// Every page works without this file, which makes some of them nicer. It sends
// and stores nothing.
"use strict";

// The token of a mailed link is removed from the address bar, and so from the
// history and from screenshots. The form still has it.
if (document.querySelector('input[type="hidden"][name="token"]') && new URLSearchParams(location.search).has("token")) {
  history.replaceState(null, "", location.pathname);
}

// Some browsers ignore autofocus, for example if the address has a fragment.
// The others have applied it by the first frame.
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
  // Browsers would store a text field among their suggestions.
  input.form.addEventListener("submit", () => show(false));
  button.hidden = false;
};
const revealAll = () => document.querySelectorAll("[data-reveal][hidden]").forEach(reveal);
revealAll();
document.addEventListener("htmx:after:swap", revealAll);

// A form is sent once, and its button shows that it is busy. It is not
// disabled, which would move the focus.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || "download" in event.target.dataset) return; // a download: the page stays
  const button = event.submitter ?? event.target.querySelector('[type="submit"]');
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "true";
  button?.setAttribute("aria-busy", "true");
});

// The back button shows the page as it was left, so its forms must be usable
// again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});

// copy returns whether it put the text of an element on the clipboard. Browsers // feature:recovery_codes
// have no clipboard without a secure connection, and may refuse it. The text is // feature:recovery_codes
// then selected, for the user to copy. // feature:recovery_codes
const copy = async (element) => { // feature:recovery_codes
  try { // feature:recovery_codes
    await navigator.clipboard.writeText(element.innerText); // feature:recovery_codes
    return true; // feature:recovery_codes
  } catch { // feature:recovery_codes
    getSelection().selectAllChildren(element); // feature:recovery_codes
    return document.execCommand("copy"); // feature:recovery_codes
  } // feature:recovery_codes
}; // feature:recovery_codes

// Buttons that need a script are hidden until the script shows them. // feature:recovery_codes
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
