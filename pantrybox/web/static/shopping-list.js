// What is done on the list is done in place (htmx); what cannot be done shows the list as it is.
document.addEventListener("htmx:responseError", () => location.reload());
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig?.path === "/shopping/add") document.getElementById("wish").focus();
});
