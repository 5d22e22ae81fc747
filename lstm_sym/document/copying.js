// Every line of a derivation can be copied as LaTeX, and as Python where it stands in the program; works as BibTeX.
(() => {
  const { latex, bibtex, words } = JSON.parse(document.getElementById("copies").textContent);
  const told = (key) =>
    Object.entries(words).map(([language, texts]) => {
      const text = document.createElement("span");
      if (Object.keys(words).length > 1) [text.className, text.lang] = ["told", language];
      text.textContent = texts[key];
      return text;
    });
  const status = document.createElement("div");
  status.className = "copied";
  status.setAttribute("role", "status");
  document.body.append(status);
  const byHand = (text, button) => {
    const field = document.createElement("textarea");
    field.className = "by-hand";
    field.value = text;
    field.readOnly = true;
    field.rows = Math.min(8, text.split("\n").length + 1);
    button.parentElement.after(field);
    field.select();
    if (document.execCommand("copy")) {
      field.remove();
      button.focus();
      return "copied";
    }
    field.addEventListener("blur", () => field.remove());
    field.addEventListener("keydown", (event) => event.key === "Escape" && button.focus());
    return "select";
  };
  const copy = async (text, button) => {
    let done = "copied";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = byHand(text, button);
    }
    status.replaceChildren(...told(done));
    status.classList.add("shown");
    setTimeout(() => status.classList.remove("shown"), 1500);
  };
  const button = (name, text) => {
    const made = document.createElement("button");
    made.type = "button";
    const verb = document.createElement("span");
    verb.className = "unseen";
    verb.append(...told("copy"));
    made.append(verb, ` ${name}`);
    made.addEventListener("click", () => copy(text(), made));
    return made;
  };
  // The line with the number in its comment; of a comment alone, the statement below it.
  const python = (place) => {
    const rows = place.closest("pre").textContent.split("\n");
    let first = rows.findIndex((row) => row.includes(`# ${place.textContent} `));
    const indent = (row) => row.length - row.trimStart().length;
    if (rows[first].trimStart().startsWith("#")) first += 1;
    let last = first + 1;
    while (last < rows.length && rows[last].trim() && indent(rows[last]) > indent(rows[first])) last += 1;
    return rows.slice(first, last).map((row) => row.slice(indent(rows[first]))).join("\n");
  };
  for (const line of document.querySelectorAll(".equation")) {
    if (!(line.id in latex)) continue;
    const group = document.createElement("div");
    group.className = "copies";
    group.append(button("LaTeX", () => latex[line.id]));
    const place = document.getElementById(`${line.id}.code`);
    if (place) group.append(button("Python", () => python(place)));
    line.append(group);
  }
  for (const work of bibtex ? document.querySelectorAll("cite") : []) {
    const group = document.createElement("span");
    group.className = "copies";
    group.append(button("BibTeX", () => bibtex));
    work.parentElement.append(group); // behind the full stop, which may not begin a line
  }
})();
