// <take-photograph><form>: what the camera gives is sent at once.
class TakePhotograph extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form");
    const says = this.querySelector(".shutter span");
    this.querySelector("input[type=file]").addEventListener("change", ({ target }) => {
      if (!target.files.length) return;
      says.textContent = "Sending…";
      this.classList.add("sending");
      form.submit();
    });
    // Back from the photograph's page: the next one may be taken.
    addEventListener("pageshow", () => {
      form.reset();
      says.textContent = "Take a photograph";
      this.classList.remove("sending");
    });
  }
}
customElements.define("take-photograph", TakePhotograph);
