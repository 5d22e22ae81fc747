// The language of the page, kept in its address: ?lang=zh-Hant.
(() => {
  const buttons = [...document.querySelectorAll('input[name="language"]')];
  const show = (language) => {
    const button = buttons.find((one) => one.value === language);
    if (!button) return;
    button.checked = true;
    document.documentElement.lang = language;
    document.title = document.querySelector("h1").innerText;
  };
  show(new URLSearchParams(location.search).get("lang"));
  for (const button of buttons) {
    button.addEventListener("change", () => {
      show(button.value);
      const address = new URL(location.href);
      address.searchParams.set("lang", button.value);
      history.replaceState(null, "", address);
    });
  }
})();
