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

  function openTarget() {
    const id = decodeURIComponent(location.hash.slice(1));
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
      all("#findings details.finding").forEach((details) => { details.open = open; });
    });
  }
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("beforeprint", () => all("details.finding").forEach((details) => { details.open = true; }));
  filter();
  openTarget();
})();
