"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const search = document.getElementById("search");
  const boxes = all("input[name=verdict]");
  const shown = document.getElementById("shown");

  function filter() {
    const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const group of all("#requirements tbody")) {
      let any = false;
      for (const row of all("tr[data-verdict]", group)) {
        const text = row.textContent.toLowerCase();
        const fits = verdicts.has(row.dataset.verdict) && words.every((word) => text.includes(word));
        row.hidden = !fits;
        any = any || fits;
        count += fits ? 1 : 0;
      }
      group.hidden = !any;
    }
    shown.textContent = count === 1 ? "1 requirement is shown." : `${count} requirements are shown.`;
  }

  // What is closed at first is text until it is wanted, so that the page opens at once however many findings it has. Without a
  // script it is all there from the start.
  const findings = all("details.finding");
  const build = (finding) => {
    const text = finding.querySelector(":scope > noscript");
    if (text) text.outerHTML = text.textContent;
  };
  // In the end all of it is there, to be searched.
  const waiting = [...findings];
  function buildMore(idle) {
    while (waiting.length > 0 && idle.timeRemaining() > 3) build(waiting.shift());
    if (waiting.length > 0) requestIdleCallback(buildMore);
  }

  function openTarget() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (id && !document.getElementById(id)) findings.forEach(build);
    const target = id && document.getElementById(id);
    if (!target) return;
    const row = target.closest("tr[hidden]");
    if (row) {
      search.value = "";
      boxes.forEach((box) => { box.checked = true; });
      filter();
    }
    for (let node = target; node; node = node.parentElement) {
      if (node instanceof HTMLDetailsElement) node.open = true;
    }
    target.scrollIntoView();
  }

  document.getElementById("filters").hidden = false;
  search.addEventListener("input", filter);
  boxes.forEach((box) => box.addEventListener("change", filter));
  for (const button of all("button[data-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const open = button.dataset.open === "true";
      findings.forEach((finding) => { finding.open = open; });
    });
  }
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("beforeprint", () => findings.forEach((finding) => { build(finding); finding.open = true; }));
  document.addEventListener("toggle", (event) => { if (event.target.matches(".finding")) build(event.target); }, true);
  if (window.requestIdleCallback) window.addEventListener("load", () => requestIdleCallback(buildMore));
  filter();
  openTarget();
})();
