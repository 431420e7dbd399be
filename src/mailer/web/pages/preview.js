// Asks twice a second whether a file of the project changed, and then takes the new page's parts over. What is being
// looked at stays: the frame, the place on the page, what was typed. A mail is shown whole, so only the page scrolls.
"use strict";

let known = document.body.dataset.stamp;

function fit(frame) {
  const page = frame.contentDocument;
  const screen = frame.closest(".screen");
  if (!page || !page.body || !screen || screen.classList.contains("glance")) return;
  const scale = Number(getComputedStyle(screen).getPropertyValue("--scale")) || 1;
  screen.style.height = `${Math.ceil(page.documentElement.getBoundingClientRect().height * scale)}px`;
}

function watch(frame) {
  frame.addEventListener("load", () => fit(frame));
  fit(frame);
}

// The old mail stands until the new one is there, so nothing flickers.
function exchange(old, fresh) {
  fresh.classList.add("arriving");
  fresh.addEventListener("load", () => {
    fit(fresh);
    old.remove();
    fresh.classList.remove("arriving");
  }, { once: true });
  old.after(fresh);
}

function takeOver(page) {
  document.title = page.title;
  for (const id of ["envelope", "findings", "reader", "size", "campaigns", "sheet", "colours"]) {
    const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
    if (old && fresh && old.innerHTML !== fresh.innerHTML) old.replaceWith(fresh);
  }
  const [old, fresh] = [document.getElementById("stage"), page.getElementById("stage")];
  if (!old || !fresh) {
    if (old || fresh) location.reload();
    return;
  }
  old.className = fresh.className;
  const [before, after] = [old, fresh].map((stage) => [...stage.querySelectorAll("iframe")]);
  if (before.length === 0 || before.length !== after.length) {
    old.replaceWith(fresh);
    document.querySelectorAll("iframe").forEach(watch);
    return;
  }
  before.forEach((frame, at) => {
    if (frame.getAttribute("src") !== after[at].getAttribute("src")) exchange(frame, after[at]);
  });
}

async function look() {
  const told = document.getElementById("watch");
  try {
    const stamp = await (await fetch("/stamp")).text();
    if (stamp !== known) {
      takeOver(new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html"));
      known = stamp;
    }
    told.textContent = "";
  } catch {
    told.textContent = told.dataset.ended;
  }
  setTimeout(look, 500);
}

document.querySelectorAll("iframe").forEach(watch);
addEventListener("resize", () => document.querySelectorAll("iframe").forEach(fit));
look();
