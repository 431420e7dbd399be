// Looks every second whether something arrived, and then fetches the list and the story anew. The open message stays.
"use strict";

let known = null;

async function refresh() {
  const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  for (const id of ["counts", "list", "story"]) {
    const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
    if (old && fresh) old.replaceWith(fresh);
  }
}

async function look() {
  try {
    const answer = await (await fetch("/inbox/count")).text();
    if (known !== null && answer !== known) await refresh();
    known = answer;
  } catch {
    // The program has ended, or is busy: the page stays as it is, and looks again.
  }
  setTimeout(look, 1000);
}

look();
