// What a symbol means, its shape, and every line that it stands in: where the pointer is on it; of all symbols of a line
// where its number has the focus. Meanings are those of the page's own table. And a part of the drawing is lit by a line.
(() => {
  const named = (element) => [...element.querySelectorAll('.formula [class^="q-"]')].map((one) => one.classList[0]);
  const rows = new Map();
  const lines = new Map();
  const read = () => {
    if (rows.size) return;
    for (const one of document.querySelectorAll("#symbols tbody tr")) {
      const symbol = one.querySelector('[class^="q-"]');
      if (symbol) rows.set(`${one.closest(".told")?.lang ?? ""} ${symbol.classList[0]}`, one);
    }
    for (const line of document.querySelectorAll(".equation"))
      for (const name of new Set(named(line))) lines.set(name, [...(lines.get(name) ?? []), line]);
  };
  const row = (name) => rows.get(`${document.documentElement.lang} ${name}`) ?? rows.get(` ${name}`);
  const entry = (name) => {
    const item = document.createElement("p");
    for (const [place, cell] of [...row(name).cells].entries()) {
      if (place) item.append(" · ");
      item.append(...[...cell.childNodes].map((node) => node.cloneNode(true)));
    }
    return item;
  };
  const uses = (name) => {
    const list = document.createElement("p");
    for (const line of lines.get(name) ?? []) {
      const number = line.querySelector(".number").cloneNode(true);
      list.append(number, " ");
    }
    return list;
  };
  let about = null;
  const hide = () => {
    about?.remove();
    about = null;
  };
  const show = (home, names, place) => {
    hide();
    read();
    const known = names.filter(row);
    if (!known.length) return;
    about = document.createElement("div");
    about.className = "about";
    for (const name of known) about.append(entry(name));
    if (known.length === 1) about.append(uses(known[0]));
    home.append(about);
    const box = home.getBoundingClientRect();
    const left = Math.min(place.left - box.left, box.width - about.offsetWidth);
    about.style.left = `${Math.max(0, left)}px`;
    about.style.top = `${place.bottom - box.top}px`;
  };
  document.addEventListener("pointerover", (event) => {
    const symbol = event.target.closest?.('math [class^="q-"]');
    const home = symbol?.closest(".equation");
    if (home) show(home, [symbol.classList[0]], symbol.getBoundingClientRect());
    else if (about && !event.target.closest?.(".about") && !event.target.closest?.(".formula")) hide();
  });
  document.addEventListener("focusin", (event) => {
    const home = event.target.closest(".equation");
    if (event.target.matches(".equation > .number"))
      show(home, [...new Set(named(home))], home.querySelector(".formula").getBoundingClientRect());
    else if (!event.target.closest(".about")) hide();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("click", (event) => {
    const line = event.target.closest(".drawn")?.closest(".equation");
    if (!line) return;
    for (const one of document.querySelectorAll(".lit")) one.classList.remove("lit");
    for (const part of document.querySelectorAll(`.drawing a[href="#${CSS.escape(line.id)}"]`)) {
      part.classList.add("lit");
      const layer = part.closest(".gradient") && part.closest(".diagram").querySelector(".switch input");
      if (layer) layer.checked = true;
    }
  });
})();
