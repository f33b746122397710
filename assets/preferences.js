// Offers the time zone of the device, and shows a theme before it is saved. The
// page works without it.
"use strict";

// deviceZone returns the name of the device's time zone, or "" if the browser
// can't tell. Browsers throw if the zone of the system is invalid.
const deviceZone = () => {
  try {
    return Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  } catch {
    return "";
  }
};

for (const button of document.querySelectorAll("[data-zone]")) {
  const select = document.getElementById(button.dataset.zone);
  const named = deviceZone();
  const zone = JSON.parse(button.dataset.former)[named] ?? named; // browsers report former names of zones
  const here = [...select.options].find((option) => option.value === zone);
  const offer = () => { button.hidden = !here || here.selected; };
  if (here) button.textContent = `Use this device’s: ${here.label}`;
  button.addEventListener("click", () => {
    here.selected = true;
    select.focus();
    offer();
  });
  select.addEventListener("change", offer);
  offer();
}

for (const radio of document.querySelectorAll('input[name="theme"]')) {
  radio.addEventListener("change", () => {
    const root = document.documentElement;
    if (radio.value === "system") delete root.dataset.theme;
    else root.dataset.theme = radio.value;
  });
}
