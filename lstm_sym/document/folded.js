// What is folded opens where a link leads into it, and on paper; a number that is typed is compared with the one asked.
(() => {
  const open = () => {
    const place = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    for (let one = place; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    place.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
  for (const field of document.querySelectorAll(".answer")) {
    field.hidden = false;
    const [input, right, wrong] = ["input", ".right", ".wrong"].map((name) => field.querySelector(name));
    const asked = Number(field.dataset.asked);
    input.addEventListener("input", () => {
      const text = input.value.normalize("NFKC").trim().replace(",", ".").replace("−", "-");
      const near = Math.abs(Number(text) - asked) <= 0.01 * Math.abs(asked);
      right.hidden = !text || !near;
      wrong.hidden = !text || near;
    });
  }
})();
