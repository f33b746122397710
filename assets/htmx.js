// Connects htmx to the rest of the site. Every page works without both.
"use strict";

const tell = (title, text) => {
  document.getElementById("htmx-told")?.remove();
  document.body.append(document.getElementById("htmx-toast").content.cloneNode(true));
  const toast = document.getElementById("htmx-told");
  toast.querySelector("strong").textContent = title;
  toast.querySelector("span").textContent = text;
  toast.querySelector("button").addEventListener("click", () => toast.remove());
  toast.querySelector("[role=alert]").hidden = false; // shown last, so that screen readers read it
};

// htmx would queue a second click and send it after the first.
document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement, request } = event.detail.ctx;
  document.getElementById("htmx-told")?.remove();
  if (request.method === "GET") return;
  if (sourceElement.dataset.sent) {
    event.preventDefault();
    return;
  }
  sourceElement.dataset.sent = "true";
  request.submitter?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", (event) => {
  const { sourceElement, request, hx } = event.detail.ctx;
  if (hx?.redirect) return; // the page is about to change
  delete sourceElement.dataset.sent;
  request.submitter?.removeAttribute("aria-busy");
});

// A refused form stays with its input; a message shows the text of the error
// page.
document.addEventListener("htmx:response:error", (event) => {
  const { hx, text } = event.detail.ctx;
  if (hx.reswap !== "none") return;
  const said = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const words = [...(said?.querySelectorAll("h1 ~ p") ?? [])].map((p) => p.textContent.replace(/\s+/g, " ").trim());
  tell(said?.querySelector("h1")?.textContent ?? "", words.join(" "));
});

// There was no response.
document.addEventListener("htmx:error", (event) => {
  if (!event.detail.ctx || event.detail.ctx.response) return;
  const { title, text } = document.getElementById("htmx-toast").dataset;
  tell(title, text);
});

// A page that replaces the whole page starts at its top, with the focus in it.
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.hx?.retarget !== "body") return;
  scrollTo(0, 0);
  if (document.activeElement === document.body) document.getElementById("main")?.focus();
});
